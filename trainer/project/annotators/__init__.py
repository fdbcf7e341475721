"""Annotators: their names and roles, their sessions, and the photos that they have open."""
