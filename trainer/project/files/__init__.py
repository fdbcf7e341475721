"""Files on disk: their file system, arrays written once, and decoding of pictures."""
