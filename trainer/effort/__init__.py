"""What a mask costs a person: strokes, their seconds, and the seconds that a suggestion saves."""
