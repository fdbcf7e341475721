"""Mask R-CNN: region proposals, region heads, and the network that joins them."""
