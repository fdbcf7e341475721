"""Models and what they predict; the channel between window and trainer."""
