"""The background trainer: what it does next, and how the window reaches it."""
