"""The session in a real napari window: mouse, keys and canvas as a person uses them."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)
from workbench import predict, rest, serve, until

from napari_skinseg.session.leaving_keys import STANDS_SECONDS
from trainer.labels.values import PAINTED, PROPOSED

pytestmark = pytest.mark.skipif(
    sys.platform == "linux" and not os.environ.get("DISPLAY"), reason="napari's canvas needs a display"
)


def drag(viewer, layer, points):
    """Drag the mouse over the layer, in data coordinates, through napari's own callbacks; a generator."""

    class Event:
        button, buttons, modifiers, is_dragging, handled = 1, [1], (), False, False
        view_direction, up_direction, dims_displayed, dims_point = None, None, [0, 1], [0, 0]
        camera_zoom, pos, delta, native, inverted, source = 1.0, (0, 0), (0, 0), None, False, None

    event = Event()
    event.type, event.position = "mouse_press", points[0]
    mouse_press_callbacks(layer, ReadOnlyWrapper(event))
    for point in points[1:]:
        event.type, event.position, event.is_dragging = "mouse_move", point, True
        mouse_move_callbacks(layer, ReadOnlyWrapper(event))
        yield point
    event.type = "mouse_release"
    mouse_release_callbacks(layer, ReadOnlyWrapper(event))


def test_a_drag_is_one_stroke_and_a_newer_model_waits_for_its_end(make_napari_viewer, project, open_session):
    viewer = make_napari_viewer()
    session = open_session(project, viewer=viewer)
    session.open_next()
    until(session, lambda: session.current is not None)
    photo_id, layer = session.current.photo.id, session.annotation_layer
    session.select_class(5)
    layer.brush_size = 5
    serve(project, "0001")
    stroke = drag(viewer, layer, [(10, 10), (20, 20), (30, 40)])
    next(stroke)
    predict(project, photo_id, "0001", value=2)
    until(session, lambda: session._editor._offer is not None)
    for _ in range(20):
        session.poll()
    assert set(np.unique(layer.data)) == {0, 5}, "no jump under the brush"
    assert list(stroke)
    until(session, lambda: session.current.model_id == "0001")
    assert session.current.strokes == 1
    assert layer.data[10, 10] == layer.data[20, 20] == layer.data[30, 40] == 5
    assert layer.data[50, 5] == 2
    assert (session.provenance[layer.data == 5] == PAINTED).all()
    assert (session.provenance[layer.data == 2] == PROPOSED).all()
    press(viewer, "Control-Z")
    assert layer.data[50, 5] == 0
    press(viewer, "Control-Z")
    assert not layer.data.any()
    assert not session.provenance.any()
    session.close()


def press(viewer, key):
    """Press and release a key as the canvas does."""
    handler = viewer.window._qt_viewer._key_map_handler
    handler.press_key(key)
    handler.release_key(key)


def test_keys_reach_the_session_whatever_layer_is_active(make_napari_viewer, project, open_session):
    viewer = make_napari_viewer()
    session = open_session(project, viewer=viewer)
    session.open_next()
    until(session, lambda: session.current is not None)
    first, layer = session.current.photo.id, session.annotation_layer
    for active in (layer, session.photo_layer, session.confidence_layer, None):
        viewer.layers.selection.active = active
        session.select_class(1)
        press(viewer, "7")
        assert session.selected_class == 7, f"with {active} active"
    press(viewer, "0")
    assert session.selected_class == 0
    press(viewer, "3")
    layer.fill((20, 20), 3)
    viewer.window._qt_viewer._key_map_handler.press_key("H")
    assert not layer.visible
    viewer.window._qt_viewer._key_map_handler.release_key("H")
    assert layer.visible
    seen = session._clock() + STANDS_SECONDS
    until(session, lambda: session._clock() > seen)
    press(viewer, "Space")
    until(session, lambda: session.current is not None and session.current.photo.id != first)
    rest(session)
    assert (project.masks.read(project.masks.head(first))[0] == 3).any()
    session.close()
    assert layer.keymap == {}


def test_photos_of_other_sizes_are_shown_whole(make_napari_viewer, project, open_session):
    viewer = make_napari_viewer()
    session = open_session(project, viewer=viewer)
    session.open_next()
    largest_first = sorted(project.photos.ids(), key=lambda i: project.photos.get(i).relpath, reverse=True)
    for photo_id in largest_first[:3]:
        session.open_photo(photo_id)
        until(session, lambda: session.current is not None)
        height, width = session.photo_layer.data.shape[:2]
        assert np.allclose(
            getattr(viewer, "scene", viewer).camera.center[-2:], ((height - 1) / 2, (width - 1) / 2), atol=1
        )
        shown = viewer.window._qt_viewer.layer_to_visual[session.annotation_layer].node
        assert shown._data.shape[:2] == (height, width)
    assert len(viewer.layers) == 3
    session.close()


def test_r_in_the_window_follows_a_stroke_of_the_mouse_and_r_again_takes_it_back(
    make_napari_viewer, project, open_session
):
    viewer = make_napari_viewer()
    photo_id = project.photos.ids()[0]
    serve(project, "0001")
    predict(project, photo_id, "0001", value=2)
    session = open_session(project, viewer=viewer)
    session.open_photo(photo_id)
    until(session, lambda: session.current is not None)
    layer = session.annotation_layer
    session.select_class(5)
    layer.brush_size = 9
    assert list(drag(viewer, layer, [(20, 12), (30, 20), (40, 28)]))
    stroke = layer.data.copy()
    press(viewer, "R")
    until(session, lambda: (layer.data != stroke).any())
    shown = viewer.window._qt_viewer.layer_to_visual[layer].node
    assert shown._data.shape[:2] == layer.data.shape
    followed = layer.data != stroke
    assert (layer.data[followed] == 5).all()
    assert (session.provenance[followed] == PROPOSED).all()
    assert not followed[:, layer.data.shape[1] // 2 + 4 :].any(), "the other half looks otherwise"
    press(viewer, "R")
    assert (layer.data == stroke).all()
    assert (session.provenance[stroke == 5] == PAINTED).all()
    press(viewer, "Control-Z")
    assert (layer.data == 2).all()
    session.close()
