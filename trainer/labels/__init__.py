"""Pixels of a mask: class sets, stored values, provenance, truth, and boxes around regions."""
