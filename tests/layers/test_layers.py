"""The three layers of the workspace take one photo after the other."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel

from napari_skinseg.layers.layers import WorkspaceLayers
from napari_skinseg.layers.provenance import ProvenanceTracker
from napari_skinseg.layers.pyramid import pyramid
from trainer.labels.classes import CLASS_SETS


def test_a_smaller_photo_after_a_larger_one_fills_the_view():
    """A hidden layer must not go on claiming the size of what it held before."""
    viewer = ViewerModel()
    layers = WorkspaceLayers(viewer, CLASS_SETS["skin9"], brush_size=24, opacity=0.5)
    tracker = ProvenanceTracker(layers.annotation)
    for height, width in ((90, 120), (60, 80), (30, 100)):
        layers.show(pyramid(np.zeros((height, width, 3), np.uint8)), np.zeros((height, width), np.uint8))
        tracker.start(np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8))
        layers.fit()
        assert [float(c) for c in viewer.layers.extent.world[1]] == [height - 1, width - 1]
    tracker.close()


def test_the_next_photo_is_drawn_whole_and_as_fine_as_the_one_before():
    """napari begins every photo at the smallest size: it is drawn blurred, and then once more."""
    layers = WorkspaceLayers(ViewerModel(), CLASS_SETS["skin9"], brush_size=24, opacity=0.5)
    layers.photo.data_level = 1
    for height, width in ((90, 120), (120, 90), (41, 57)):
        levels = pyramid(np.full((height, width, 3), 200, np.uint8))
        layers.show(levels, None)
        assert layers.photo.data_level == 1
        assert layers.photo._slice.image.view.shape == levels[1].shape


def test_layers_cannot_be_deleted_by_hand_and_go_with_the_session():
    viewer = ViewerModel()
    mine = viewer.add_image(np.zeros((5, 5)), name="mine")
    layers = WorkspaceLayers(viewer, CLASS_SETS["skin9"], brush_size=24, opacity=0.5)
    assert viewer.layers.selection.active is layers.annotation
    assert layers.annotation.locked
    layers.remove()
    assert list(viewer.layers) == [mine]
