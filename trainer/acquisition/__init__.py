"""Acquisition: the choice of the photo to label next."""
