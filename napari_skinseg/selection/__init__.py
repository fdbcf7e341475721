"""Things in the photo that a click selects: what finds their masks."""
