"""A simulated annotator in the real window, and pictures of it."""
