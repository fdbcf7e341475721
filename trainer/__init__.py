"""Headless half of napari-skinseg: project store, training, prediction. Never imports napari or Qt."""
