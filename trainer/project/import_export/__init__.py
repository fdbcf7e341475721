"""Masks in and out of a project, one file per format."""
