"""What every training runs on: device, optimizer, moving average, batch-norm statistics, memory."""
