"""The ground of every training: device, optimizer, moving average, batch-norm statistics, memory."""
