"""napari's layers of the open photo: labels, provenance, undo, brush, overlays. Free of Qt."""
