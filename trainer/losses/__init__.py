"""Loss functions, in float32 outside autocast, with unlabelled pixels left out."""
