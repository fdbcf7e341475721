"""Studies that come with the trainer, one small file each."""
