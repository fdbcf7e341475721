"""A line that is half drawn is neither lost nor saved, and whoever presses a key is told why it waits."""

from __future__ import annotations

import pytest
from workbench import rest, until


@pytest.fixture
def told(working):
    said = []
    working.notice.connect(lambda level, text: said.append(text))
    return said


@pytest.fixture
def working(project, open_session):
    session = open_session(project)
    session.open_next()
    until(session, lambda: session.current is not None)
    session.select_class(3)
    return session


@pytest.mark.parametrize("leave", ["accept_and_next", "skip", "save_part", "back"])
def test_a_begun_polygon_holds_the_photo(working, told, project, leave):
    photo, layer = working.current.photo.id, working.annotation_layer
    layer.mode = "polygon"
    layer._overlays["polygon"].points = [(2, 2), (2, 9), (9, 9)]
    getattr(working, leave)()
    assert working.current.photo.id == photo
    assert len(layer._overlays["polygon"].points) == 3
    assert project.head(photo) is None
    assert any("Escape" in text for text in told)


def test_a_begun_circle_of_the_right_button_says_how_to_end_it(working, told):
    photo, layer = working.current.photo.id, working.annotation_layer
    layer._overlays["brush_stroke"].active = True
    working.accept_and_next()
    assert working.current.photo.id == photo
    assert any("Escape" in text for text in told)
    layer._overlays["brush_stroke"].active = False
    layer.paint((5, 5), 3)
    working.accept_and_next()
    rest(working)
    assert working.current is None or working.current.photo.id != photo


def test_the_photos_that_wait_decoded_are_the_next_up(working):
    until(working, lambda: len(working._route.waiting.ready) > 0 and not working._background.busy)
    waiting = [loaded.id for loaded in working._route.waiting.ready]
    listed = [entry.photo_id for entry in working.queue_head(9)]
    assert listed[: len(waiting)] == waiting
    assert len(set(listed)) == len(listed)
    working.annotation_layer.data[:] = 3
    working.accept_and_next()
    assert working.current.photo.id == listed[0]


def test_a_layer_hidden_by_hand_stays_hidden_after_a_look_at_the_photo(working):
    layer = working.annotation_layer
    layer.visible = False
    working.peek(True)
    working.peek(False)
    assert not layer.visible
    layer.visible = True
    working.peek(True)
    assert not layer.visible
    working.peek(False)
    assert layer.visible
