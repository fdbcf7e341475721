"""What a pixel can be: class sets, stored values, provenance, and which pixels count as truth."""
