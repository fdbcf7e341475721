"""A half-drawn line is neither lost nor saved, and a notice says why the key does nothing."""

from __future__ import annotations

import pytest
from workbench import rest, until


def test_enter_closes_a_polygon_and_keeps_one_that_is_none_yet(session):
    layer = session.annotation_layer
    session.select_class(3)
    session.take_tool("polygon")
    assert "Enter" in layer.help
    layer._overlays["polygon"].points = [(2, 2), (2, 9)]
    session.paint_selection()
    assert len(layer._overlays["polygon"].points) == 2
    assert any("three corners" in text for _, text in session.notices)
    before = layer.data.copy()
    layer._overlays["polygon"].points = [(2, 2), (2, 9), (9, 9)]
    session.paint_selection()
    assert layer.data[4, 7] == 3
    session.undo()
    assert (layer.data == before).all()


def test_escape_drops_it_as_the_notice_says(make_napari_viewer, project, open_session):
    viewer = make_napari_viewer()
    session = open_session(project, viewer=viewer)
    session.open_next()
    until(session, lambda: session.current is not None)
    layer, keys = session.annotation_layer, viewer.window._qt_viewer._key_map_handler
    layer.mode = "polygon"
    layer._overlays["polygon"].points = [(2, 2), (2, 9), (9, 9)]
    keys.press_key("Escape")
    keys.release_key("Escape")
    assert layer._overlays["polygon"].points == []
    session.save_part()
    assert not [text for _, text in session.notices if "half drawn" in text]
    session.close()


@pytest.mark.parametrize("leave", ["accept_and_next", "skip", "save_part", "back", "undo"])
def test_a_begun_polygon_holds_the_photo(session, project, leave):
    photo, layer = session.current.photo.id, session.annotation_layer
    session.select_class(3)
    layer.mode = "polygon"
    layer._overlays["polygon"].points = [(2, 2), (2, 9), (9, 9)]
    getattr(session, leave)()
    assert session.current.photo.id == photo
    assert len(layer._overlays["polygon"].points) == 3
    assert project.masks.head(photo) is None
    assert any("Escape" in text for _, text in session.notices)


def test_a_begun_circle_of_the_right_button_says_how_to_end_it(session):
    photo, layer = session.current.photo.id, session.annotation_layer
    session.select_class(3)
    layer._overlays["brush_stroke"].active = True
    session.accept_and_next()
    assert session.current.photo.id == photo
    assert any("Escape" in text for _, text in session.notices)
    layer._overlays["brush_stroke"].active = False
    layer.paint((5, 5), 3)
    session.accept_and_next()
    rest(session)
    assert session.current is None or session.current.photo.id != photo


def test_the_photos_that_wait_decoded_are_the_next_up(session):
    until(session, lambda: len(session._navigator.waiting.ready) > 0 and not session._background.busy)
    waiting = [loaded.id for loaded in session._navigator.waiting.ready]
    listed = [entry.photo_id for entry in session.queue_head(9)]
    assert listed[: len(waiting)] == waiting
    assert len(set(listed)) == len(listed)
    session.annotation_layer.data[:] = 3
    session.accept_and_next()
    assert session.current.photo.id == listed[0]


def test_a_layer_hidden_by_hand_stays_hidden_after_a_look_at_the_photo(session):
    layer = session.annotation_layer
    layer.visible = False
    session.peek(True)
    session.peek(False)
    assert not layer.visible
    layer.visible = True
    session.peek(True)
    assert not layer.visible
    session.peek(False)
    assert layer.visible
