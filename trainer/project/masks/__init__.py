"""Masks: revisions that never change, the current one of each photo, drafts, and the truth to learn from."""
