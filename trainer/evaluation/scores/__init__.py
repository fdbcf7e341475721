"""Scores of segmentations and classifications, from counts that one pass over a photo leaves behind."""
