"""From photos and masks to batches of crops."""
