"""Which photo to label next."""
