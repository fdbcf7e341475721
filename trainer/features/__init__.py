"""Features of frozen backbones: which backbone, their cache, and the labelled pixels learnt from."""
