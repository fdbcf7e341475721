"""Labels are drawn with an outline, a rim and a light fill, the background with dots, or all hatched."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels

from napari_skinseg.layers.drawing import fill
from napari_skinseg.layers.palette import colormap
from napari_skinseg.layers.screen_brush import ScreenBrush
from napari_skinseg.widgets.outline import draw_labels
from trainer.labels.classes import CLASS_SETS

CLASSES = CLASS_SETS["skin9"]


def test_a_class_has_a_line_around_it_and_a_hidden_one_has_none(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    data = np.zeros((60, 80), np.uint8)
    data[20:40, 20:60] = 8
    viewer.add_image(np.full((60, 80, 3), 200, np.uint8), rgb=True)
    layer = viewer.add_layer(Labels(data, colormap=colormap(CLASSES), opacity=0.3))
    draw_labels(viewer, layer, CLASSES.background + 1)
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


def test_the_photo_is_seen_through_a_class_and_background_is_no_bare_photo(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    data = np.zeros((90, 120), np.uint8)
    data[10:80, 5:35], data[10:80, 45:75] = 8, 1  # the third third is not labelled
    viewer.add_image(np.full((90, 120, 3), 200, np.uint8), rgb=True)
    layer = viewer.add_layer(Labels(data, colormap=colormap(CLASSES), opacity=0.45))
    draw_labels(viewer, layer, CLASSES.background + 1)
    viewer.scene.camera.zoom = 4
    red = np.array([int(CLASSES.colours[7][at : at + 2], 16) for at in (1, 3, 5)])

    def part(columns: tuple[float, float]) -> np.ndarray:
        picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
        middle = np.array(picture.shape[:2]) // 2
        left, right = (int(middle[1] + 4 * (column - 59.5)) for column in columns)
        return picture[middle[0] - 100 : middle[0] + 100, left:right].reshape(-1, 3)

    inside = np.median(part((12, 28)), axis=0)
    assert inside == pytest.approx(fill(0.45) * red + (1 - fill(0.45)) * 200, abs=2)
    rim = np.median(part((5, 5.5)), axis=0)
    assert rim == pytest.approx(0.45 * red + 0.55 * 200, abs=2)
    background = part((50, 70))
    assert np.median(background, axis=0).tolist() == [200] * 3, "bare between the dots"
    dotted = np.abs(background - 200).max(axis=-1) > 4
    assert 0.01 < dotted.mean() < 0.05
    assert (background[dotted].mean(axis=-1) > 195).any(), "some of the dots are pale"
    assert (background[dotted].mean(axis=-1) < 130).any(), "others dark"
    assert (part((85, 110)) == 200).all(), "what is not labelled is bare"
    layer.opacity = 1.0
    assert np.median(part((12, 28)), axis=0) == pytest.approx(red, abs=2)


def test_hatching_leaves_the_photo_bare_between_its_lines(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    viewer.add_image(np.full((60, 80, 3), 200, np.uint8), rgb=True)
    layer = viewer.add_layer(Labels(np.full((60, 80), 8, np.uint8), colormap=colormap(CLASSES), opacity=0.45))
    draw_labels(viewer, layer, CLASSES.background + 1, hatched=True)
    picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
    middle = np.array(picture.shape[:2]) // 2
    inside = picture[middle[0] - 60 : middle[0] + 60, middle[1] - 60 : middle[1] + 60]
    assert 0.6 < (inside == 200).all(axis=-1).mean() < 0.9


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
