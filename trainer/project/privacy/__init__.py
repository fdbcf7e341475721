"""Privacy of the people on the photos: purging one with all its traces, hiding what nobody asked to see."""
