"""What the plugin adds to napari's menus: readers, writers, sample data."""
