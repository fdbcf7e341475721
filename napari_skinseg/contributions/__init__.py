"""Entries in napari's menus: readers, writers, sample data."""
