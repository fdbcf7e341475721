"""Masks in and out of a project: files, formats, and the meaning of their values."""
