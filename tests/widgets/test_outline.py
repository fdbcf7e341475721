"""Labels are drawn with an outline that is there whatever the opacity of the fill."""

from __future__ import annotations

import numpy as np
from napari.layers import Labels

from napari_skinseg.layers.palette import colormap
from napari_skinseg.layers.screen_brush import ScreenBrush
from napari_skinseg.widgets.outline import draw_outlines
from trainer.labels.classes import CLASS_SETS

CLASSES = CLASS_SETS["skin9"]


def test_a_class_has_a_line_around_it_and_a_hidden_one_has_none(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    data = np.zeros((60, 80), np.uint8)
    data[20:40, 20:60] = 8
    viewer.add_image(np.full((60, 80, 3), 200, np.uint8), rgb=True)
    layer = viewer.add_layer(Labels(data, colormap=colormap(CLASSES), opacity=0.3))
    draw_outlines(viewer, layer)
    wanted = np.array([int(CLASSES.colours[7][at : at + 2], 16) for at in (1, 3, 5)])

    def lined() -> float:
        picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
        return float((np.abs(picture - wanted).max(axis=-1) < 30).mean())

    around = lined()
    assert 0.001 < around < 0.05, "a line, and no more"
    layer.opacity = 0.0
    assert abs(lined() - around) < 0.005, "without any fill, too"
    layer.colormap = colormap(CLASSES, hidden={8})
    assert lined() == 0
    layer.colormap = colormap(CLASSES)
    layer.data[:] = 0
    layer.refresh()
    assert lined() == 0


def test_nothing_is_drawn_over_the_pixels_that_the_brush_aims_at(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    layer = viewer.add_labels(np.zeros((60, 80), np.uint8))
    brush = ScreenBrush(viewer, layer, 24)
    viewer.mouse_over_canvas = True
    layer.mode = "paint"
    viewer.add_image(np.zeros((60, 80)))
    viewer.layers.selection.active = layer
    canvas = viewer.window._qt_viewer.canvas
    (circle,) = canvas._viewer_overlay_to_visual[viewer.canvas.overlays["_brush_circle"]]
    circle._on_box_change()  # as napari does when a layer's order changes
    assert circle.node.visible, "the circle is there"
    assert circle.box.parent is None, "and no box in it"
    brush.close()
