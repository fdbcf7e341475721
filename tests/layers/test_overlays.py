"""Likely errors and boxes beside the mask: off at first, one key each, and never in the way of the brush."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from workbench import make_project, rest, serve, until

from napari_skinseg.layers.overlays import BOXES, ERRORS
from napari_skinseg.layers.prediction_extras import (
    MOST_BOXES,
    PredictionExtras,
    box_corners,
    box_label,
    read_extras,
)
from napari_skinseg.views.annotate import resolve_annotate
from napari_skinseg.widgets.annotate_dock import AnnotateDock
from trainer.labels.boxes import Box
from trainer.labels.classes import CLASS_SETS
from trainer.project.project import Project

SKIN = CLASS_SETS["skin9"]
HAND = Box(3, 0.81, 10.0, 5.0, 50.0, 40.0, (0.02, 0.0, 0.05, 0.81, 0.12, 0.0, 0.0, 0.0, 0.0))
FOOT = Box(4, 0.6, -3.0, 30.0, 20.0, 900.0)


def predict_with_extras(
    project: Project, photo_id: int, model: str = "0001", boxes=(HAND, FOOT), error: int | None = 200
):
    """Write a prediction with a map of errors and boxes."""
    shape = project.photos.read(photo_id).shape[:2]
    labels = np.full(shape, 4, np.uint8)
    doubts = None if error is None else np.full(shape, error, np.uint8)
    project.predictions.save(photo_id, model, labels, labels * 40, error=doubts, boxes=boxes)


@pytest.fixture
def with_extras(project: Project) -> Project:
    """A project whose photos all have a prediction with extras."""
    serve(project, "0001")
    for photo_id in project.photos.ids():
        predict_with_extras(project, photo_id)
    return project


@pytest.fixture
def working(with_extras, open_session):
    session = open_session(with_extras)
    session.open_next()
    until(session, lambda: session.current is not None)
    return session


def press(session, key: str) -> None:
    next(run for bound, _, run in session.bindings() if bound == key)()


def test_they_are_off_at_first_and_cost_no_layer(working):
    assert working.overlays.available == {ERRORS: True, BOXES: True}
    assert len(working.viewer.layers) == 3


def test_a_key_shows_the_likely_errors_and_hides_them_again(working):
    annotation = working.annotation_layer
    working.select_class(4)
    press(working, "E")
    layer = working.viewer.layers[ERRORS]
    assert layer.visible
    np.testing.assert_array_equal(layer.data, np.full(working.photo_layer.data.shape[:2], 200))
    assert working.viewer.layers.selection.active is annotation
    assert str(annotation.mode) == "paint"
    press(working, "E")
    assert not layer.visible
    assert layer in working.viewer.layers, "layers are kept: making them costs, and leaks"


def test_boxes_carry_class_colour_name_and_probabilities(working):
    press(working, "X")
    until(working, lambda: working.overlays.boxes is not None)
    layer = working.viewer.layers[BOXES]
    assert working.viewer.layers.selection.active is working.annotation_layer
    assert (layer.visible, layer.editable, layer.nshapes) == (True, False, 2)
    assert list(layer.text.values) == ["hand 0.81\nfoot 0.12", "foot 0.60"]
    wanted = [[*(channel / 255 for channel in bytes.fromhex(SKIN.colours[i][1:])), 1] for i in (3, 4)]
    np.testing.assert_allclose(layer.edge_color, wanted, atol=1e-3)
    height, width = working.photo_layer.data.shape[:2]
    corners = np.concatenate(layer.data)
    assert corners.min() >= 0
    assert (corners.max(axis=0) <= (height - 1, width - 1)).all(), "cut to the photo: the view stays the same"


def test_nothing_can_be_drawn_or_deleted_on_them(working):
    press(working, "E")
    press(working, "X")
    until(working, lambda: working.overlays.boxes is not None)
    layer = working.viewer.layers[BOXES]
    layer.mode = "add_rectangle"
    assert str(layer.mode) == "pan_zoom"
    working.viewer.layers.selection = {working.viewer.layers[ERRORS], layer}
    working.viewer.layers.remove_selected()
    assert {ERRORS, BOXES} <= {layer.name for layer in working.viewer.layers}


def test_they_follow_from_photo_to_photo(working, with_extras):
    press(working, "E")
    press(working, "X")
    until(working, lambda: working.overlays.boxes is not None)
    layers = list(working.viewer.layers)
    first = working.current.photo.id
    working.accept_and_next()
    until(working, lambda: working.current is not None and working.current.photo.id != first)
    assert list(working.viewer.layers) == layers
    assert working.viewer.layers[ERRORS].data.shape == working.photo_layer.data.shape[:2]
    assert working.viewer.layers[BOXES].nshapes == 2
    assert not working.viewer.layers[BOXES].editable
    assert working.viewer.layers.selection.active is working.annotation_layer
    extent = working.viewer.layers.extent.world[1]
    assert [float(side) + 1 for side in extent] == list(working.photo_layer.data.shape[:2])


def test_a_photo_without_extras_hides_what_the_last_one_had(working, with_extras):
    press(working, "E")
    press(working, "X")
    until(working, lambda: working.overlays.boxes is not None)
    bare = next(i for i in with_extras.photos.ids() if i not in working._navigator.held_ids)
    predict_with_extras(with_extras, bare, boxes=(), error=None)
    working.open_photo(bare)
    until(working, lambda: working.current is not None and working.current.photo.id == bare)
    assert not working.viewer.layers[ERRORS].visible
    assert not working.viewer.layers[BOXES].visible
    assert working.viewer.layers[BOXES].nshapes == 0
    press(working, "E")
    assert working.notices[-1] == ("info", "likely errors off: nothing to show on this photo")
    press(working, "E")
    assert working.notices[-1] == ("info", "likely errors on: nothing to show on this photo")


def test_peeking_shows_the_bare_photo(working):
    press(working, "E")
    working.peek(True)
    assert not working.viewer.layers[ERRORS].visible
    assert not working.annotation_layer.visible
    working.peek(False)
    assert working.viewer.layers[ERRORS].visible


def test_boxes_of_strange_classes_are_left_out_and_of_many_the_likeliest_shown(project):
    photo_id = project.photos.ids()[0]
    strange = replace(HAND, class_index=12)
    many = [replace(FOOT, score=place / 1000) for place in range(100)]
    predict_with_extras(project, photo_id, boxes=(strange, *many))
    shape = project.photos.read(photo_id).shape[:2]
    boxes = read_extras(project, project.predictions.get(photo_id), shape).boxes
    assert len(boxes) == MOST_BOXES
    assert {box.class_index for box in boxes} == {4}
    assert boxes[0].score == 0.099
    assert read_extras(project, project.predictions.get(photo_id), (1, 1)).error is None


def test_a_newer_model_brings_its_own_extras(working, with_extras):
    press(working, "E")
    serve(with_extras, "0002")
    predict_with_extras(with_extras, working.current.photo.id, "0002", boxes=(HAND,), error=99)
    until(working, lambda: working.current.model_id == "0002" or working.overlays.errors.data[0, 0] == 99)
    assert (working.viewer.layers[ERRORS].data == 99).all()
    assert len(working._editor.overlays._extras.boxes) == 1


def test_a_blind_photo_has_no_extras(tmp_path, open_session):
    with make_project(tmp_path) as project:
        blind = replace_queue(project, blind_share=1.0, blind_after=0)
        serve(blind, "0001")
        for photo_id in blind.photos.ids():
            predict_with_extras(blind, photo_id)
        session = open_session(blind)
        session.open_next()
        until(session, lambda: session.current is not None)
        assert session.current.blind
        press(session, "E")
        press(session, "X")
        rest(session)
        assert session.overlays.available == {ERRORS: False, BOXES: False}
        assert len(session.viewer.layers) == 3
        session.close()


def replace_queue(project: Project, **changes: float) -> Project:
    """Write settings of the queue into the project, and open it again."""
    from trainer.settings.toml_file import save_settings

    settings = project.settings
    queue = settings.queue.model_copy(update=changes)
    save_settings(project.path / "skinseg.toml", settings.model_copy(update={"queue": queue}))
    path = project.path
    project.close()
    return Project.open(path)


def test_the_check_boxes_say_what_there_is(working, qtbot):
    panel = AnnotateDock(working)
    qtbot.addWidget(panel)
    panel.show_view(resolve_annotate(working))
    errors = panel.overlays[ERRORS]
    assert not errors.isHidden()
    assert not errors.isChecked()
    assert errors.focusPolicy() == Qt.FocusPolicy.NoFocus
    errors.click()
    assert working.viewer.layers[ERRORS].visible
    press(working, "E")
    panel.show_view(resolve_annotate(working))
    assert not errors.isChecked()
    panel.show_view(replace(resolve_annotate(working), overlays=()))
    assert errors.isHidden()


@pytest.mark.skipif(sys.platform == "linux" and not os.environ.get("DISPLAY"), reason="needs a display")
def test_keys_reach_the_session_when_an_overlay_is_active(make_napari_viewer, with_extras, open_session):
    viewer = make_napari_viewer()
    session = open_session(with_extras, viewer=viewer)
    session.open_next()
    until(session, lambda: session.current is not None)
    handler = viewer.window._qt_viewer._key_map_handler
    for key in ("E", "X"):
        handler.press_key(key)
        handler.release_key(key)
    until(session, lambda: session.overlays.boxes is not None)
    for layer in session.overlays.layers():
        viewer.layers.selection.active = layer
        session.select_class(1)
        handler.press_key("7")
        handler.release_key("7")
        assert session.selected_class == 7
    session.close()
    assert not viewer.layers


def test_words_and_corners_of_a_box():
    assert box_label(HAND, SKIN) == "hand 0.81\nfoot 0.12"
    assert box_label(FOOT, SKIN) == "foot 0.60"
    np.testing.assert_array_equal(
        box_corners(FOOT, (60, 80)), [[0.0, 30.0], [0.0, 79.0], [20.0, 79.0], [20.0, 30.0]]
    )
    assert PredictionExtras().boxes == ()
