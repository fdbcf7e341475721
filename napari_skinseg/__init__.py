"""napari plugin: annotate skin photos while a model learns from every saved mask."""
