"""The project store, free of torch and Qt: photos, masks, predictions, models, the trainer's channel."""
