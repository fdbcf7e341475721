"""Photos of a project: found in folders, registered once, read when needed."""
