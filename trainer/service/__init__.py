"""Background trainer: service loop, schedule, commands, predictions and its process."""
