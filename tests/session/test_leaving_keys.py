"""One press leaves one photo, however a held key repeats; Space held pans and accepts nothing."""

from __future__ import annotations

import pytest
from workbench import rest, until

from napari_skinseg.session.leaving_keys import PRESS_POLLS, LeavingKeys, ResponsiveClock
from trainer.project.states import PhotoState


@pytest.fixture
def keys(session, clock):
    """Keys of a session whose photo has stood for a second."""
    session.annotation_layer.fill((20, 20), 3)
    keys = LeavingKeys(session, clock)
    session.photo_changed.connect(keys.photo_shown)
    clock.now += 1.0
    return keys


def tap(keys, clock, key, seconds=0.08):
    switch = keys.held()[key]
    switch(True)
    clock.now += seconds
    switch(False)
    answer(keys)


def answer(keys):
    """Let the window answer for a moment: no press follows."""
    for _ in range(PRESS_POLLS):
        keys.poll()


def settle(session):
    rest(session)
    until(session, lambda: session.current is not None)


@pytest.mark.parametrize("key", ["Space", "N", "K"])
def test_a_key_held_for_seconds_leaves_one_photo(session, keys, clock, key):
    """Repeats that nobody marked: a release and a press at once, every 33 ms."""
    first = session.current.photo.id
    tap(keys, clock, key, seconds=0.66)
    settle(session)
    second = session.current.photo.id
    assert second != first
    session.annotation_layer.fill((20, 20), 3)
    for _ in range(75):
        clock.now += 0.001
        tap(keys, clock, key, seconds=0.033)
    settle(session)
    assert session.current.photo.id == second
    clock.now += 0.3  # the key was let go of, and is pressed once more
    tap(keys, clock, key)
    settle(session)
    assert session.current.photo.id != second


def test_repeats_without_releases_leave_one_photo(session, keys, clock):
    switch = keys.held()["N"]
    switch(True)
    settle(session)
    second = session.current.photo.id
    session.annotation_layer.fill((20, 20), 3)
    for _ in range(75):
        clock.now += 0.033
        switch(True)
    settle(session)
    assert session.current.photo.id == second


def test_a_photo_that_has_just_appeared_is_looked_at_first(session, keys, clock):
    tap(keys, clock, "N")
    settle(session)
    second = session.current.photo.id
    session.annotation_layer.fill((20, 20), 3)
    clock.now += 0.3
    tap(keys, clock, "N")
    assert session.current.photo.id == second
    assert session.notices[-1] == ("info", "this photo has just appeared: look at it, then press N again")
    clock.now += 0.3
    tap(keys, clock, "N")
    settle(session)
    assert session.current.photo.id != second


@pytest.mark.parametrize("released", [True, False])
def test_a_window_that_stood_still_takes_no_repeat_for_a_press(session, clock, released):
    """What waits in line while a photo is drawn comes seconds later: the hand has not moved."""
    answering = ResponsiveClock(clock)
    keys = LeavingKeys(session, answering)
    session.photo_changed.connect(keys.photo_shown)
    switch = keys.held()["N"]

    def answer(seconds):
        for _ in range(round(seconds / 0.05)):
            clock.now += 0.05
            answering.tick()

    session.annotation_layer.fill((20, 20), 3)
    answer(1.0)
    switch(True)
    settle(session)
    second = session.current.photo.id
    session.annotation_layer.fill((20, 20), 3)
    answer(0.9)
    for _ in range(9):
        if released:  # each repeat as a release and a press of its own
            switch(False)
        clock.now += 3.0
        switch(True)
        answering.tick()
        answer(0.05)
    settle(session)
    assert session.current.photo.id == second
    switch(False)
    answer(0.3)
    switch(True)
    settle(session)
    assert session.current.photo.id != second


def test_a_photo_is_not_seen_while_the_window_stands_still(session, clock):
    answering = ResponsiveClock(clock)
    keys = LeavingKeys(session, answering)
    session.annotation_layer.fill((20, 20), 3)
    first = session.current.photo.id
    clock.now += 3.0
    tap(keys, clock, "N")
    settle(session)
    assert session.current.photo.id == first


def test_space_held_and_dragged_pans_and_accepts_nothing(session, keys, clock):
    first, layer = session.current.photo.id, session.annotation_layer
    layer.mode = "fill"
    switch = keys.held()["Space"]
    switch(True)
    assert str(layer.mode) == "pan_zoom"
    camera = getattr(session.viewer, "scene", session.viewer).camera
    camera.center = (0, 5, 9)
    clock.now += 0.4
    switch(False)
    answer(keys)
    assert str(layer.mode) == "fill"
    assert session.current.photo.id == first
    assert session.saving == 0


def test_space_leaves_a_line_that_is_half_drawn_alone(session, keys):
    layer = session.annotation_layer
    layer.mode = "polygon"
    layer._overlays["polygon"].points = [[5, 5], [5, 30]]
    switch = keys.held()["Space"]
    switch(True)
    assert str(layer.mode) == "polygon"
    switch(False)
    answer(keys)
    assert session.notices[-1] == ("warning", "a line is half drawn: finish it, or press Escape to drop it")
    assert [level for level, _ in session.notices].count("warning") == 1
    assert len(layer._overlays["polygon"].points) == 2


def test_a_new_photo_begins_with_the_brush(session, keys, clock):
    for tool in ("fill", "polygon", "pick"):
        session.take_tool(tool)
        assert str(session.annotation_layer.mode) == tool
        clock.now += 1.0
        tap(keys, clock, "K")
        settle(session)
        assert str(session.annotation_layer.mode) == "paint"


def test_space_that_is_still_held_accepts_nothing_though_a_repeat_looked_like_its_end(session, keys, clock):
    first, switch = session.current.photo.id, keys.held()["Space"]
    switch(True)
    clock.now += 0.7
    for _ in range(3):  # Qt's end and beginning of a key that is down all the time
        switch(False)
        keys.poll()
        clock.now += 0.05
        switch(True)
        assert str(session.annotation_layer.mode) == "pan_zoom"
        answer(keys)
    assert session.current.photo.id == first
    assert session.saving == 0
    clock.now += 1.0
    switch(False)
    answer(keys)
    settle(session)
    assert session.current.photo.id != first


def test_a_key_right_behind_space_comes_after_its_accept(session, keys, clock):
    first, held = session.current.photo.id, keys.held()
    held["Space"](True)
    held["Space"](False)
    held["Ctrl+Z"](True)
    settle(session)
    assert session.current.photo.id == first
    answer(keys)
    assert session.current.photo.id == first


def test_an_accept_is_not_lost_where_the_window_is_closed_right_behind_space(session, project):
    first = session.current.photo.id
    session.annotation_layer.fill((20, 20), 3)
    session._leaving._shown -= 2.0
    switch = session._leaving.held()["Space"]
    switch(True)
    switch(False)
    assert session.current.photo.id == first, "it waits whether the key is really up"
    session.close()
    assert project.masks.head(first) is not None
    assert project.photos.get(first).state == PhotoState.LABELLED
