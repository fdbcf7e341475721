"""One round of training, from labels to a model that is served or kept with a reason."""
