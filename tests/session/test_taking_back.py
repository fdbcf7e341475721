"""Ctrl+Z directly after an accept takes it back; B opens the photos before, one after the other."""

from __future__ import annotations

import numpy as np
import pytest
from workbench import predict, rest, serve, until

from napari_skinseg.session.leaving_keys import LeavingKeys
from trainer.labels.values import ACCEPTED, PAINTED, PROPOSED
from trainer.project.states import PhotoState


@pytest.fixture
def keys(session, clock):
    keys = LeavingKeys(session, clock)
    session.photo_changed.connect(keys.photo_shown)
    return keys


@pytest.fixture
def tap(session, keys, clock):
    """Press a key on a photo that has been looked at, and wait for what it opens."""

    def tap(key, seconds=1.0):
        clock.now += seconds
        switch = keys.held()[key]
        switch(True)
        clock.now += 0.05
        switch(False)
        rest(session)
        until(session, lambda: session.current is not None)
        return session.current.photo.id

    return tap


def accept_four(session, tap):
    """Label four photos whole and accept each; their ids."""
    ids = []
    for _ in range(4):
        ids.append(session.current.photo.id)
        session.annotation_layer.fill((1, 1), 3)
        tap("N")
    return ids


def state(project, photo):
    return project.photos.get(photo).state


def test_the_photo_comes_back_as_it_was_and_is_not_done(session, project, tap):
    first, layer = session.current.photo.id, session.annotation_layer
    serve(project, "0001")
    predict(project, first, "0001", value=2, top=10)
    until(session, lambda: session.current.model_id == "0001")
    session.select_class(5)
    layer.paint((20, 20), 5)
    labels, provenance = layer.data.copy(), session.provenance.copy()
    assert {PROPOSED, PAINTED} <= set(np.unique(provenance))
    until(session, lambda: not session._leaving.suggestion_unseen)
    second = tap("N")
    assert second != first
    assert state(project, first) == PhotoState.LABELLED
    assert ("info", "saved; Ctrl+Z takes it back, B opens it again") in session.notices
    assert tap("Ctrl+Z") == first
    assert state(project, first) == PhotoState.NEW
    assert project.sessions.today("ann").photos == 0, "it was not finished"
    assert project.masks.head(first) is None
    assert np.array_equal(layer.data, labels)
    assert np.array_equal(session.provenance, provenance)
    assert session.notices[-1] == ("info", "taken back: the photo is as before, and not done")
    assert not any("restored" in text for _, text in session.notices)
    assert tap("N") == second, "the photo that was left for it comes next"
    assert (project.masks.read(project.masks.head(first))[1][10:] >= ACCEPTED).all()
    assert project.sessions.today("ann").photos == 1


def test_ten_accepts_are_taken_back_one_after_the_other(session, project, tap):
    ids = accept_four(session, tap)
    for photo in reversed(ids):
        assert tap("Ctrl+Z") == photo
    assert {state(project, photo) for photo in ids} == {PhotoState.NEW}
    assert tap("Ctrl+Z") == ids[0]
    assert session.notices[-1][1].startswith("nothing to undo")


def test_what_is_painted_is_undone_and_the_photo_stays(session, project, tap):
    first = session.current.photo.id
    session.annotation_layer.fill((1, 1), 3)
    second = tap("N")
    session.annotation_layer.paint((20, 20), 4)
    assert tap("Ctrl+Z") == second
    assert not session.annotation_layer.data.any()
    assert tap("Ctrl+Z") == second, "there is something to redo: the hand is at work here"
    assert state(project, first) == PhotoState.LABELLED


def test_a_suggestion_that_has_come_meanwhile_is_nothing_painted(session, project, tap):
    first = session.current.photo.id
    session.annotation_layer.fill((1, 1), 3)
    second = tap("N")
    serve(project, "0001")
    predict(project, second, "0001", value=2)
    until(session, lambda: session.current.model_id == "0001" and session.annotation_layer.data.any())
    assert tap("Ctrl+Z") == first
    assert state(project, first) == PhotoState.NEW


def test_ctrl_z_held_leaves_no_photo(session, project, keys, clock, tap):
    session.annotation_layer.fill((1, 1), 3)
    second = tap("N")
    session.annotation_layer.paint((20, 20), 4)
    clock.now += 1.0
    switch = keys.held()["Ctrl+Z"]
    for _ in range(40):
        switch(True)
        clock.now += 0.033
    switch(False)
    rest(session)
    assert session.current.photo.id == second


def test_a_part_is_a_part_again(session, project, tap):
    first = session.current.photo.id
    session.annotation_layer.data[:20] = 3
    session.save_part()
    rest(session)
    session.annotation_layer.fill((50, 50), 4)
    tap("N")
    assert state(project, first) == PhotoState.LABELLED
    assert tap("Ctrl+Z") == first
    assert state(project, first) == PhotoState.PART


def test_what_somebody_else_saved_meanwhile_stays(session, project, tap):
    first = session.current.photo.id
    session.annotation_layer.fill((1, 1), 3)
    tap("N")
    head = project.masks.head(first)
    other = np.full(project.photos.read(first).shape[:2], 7, np.uint8)
    theirs = project.masks.save(first, other, np.full_like(other, PAINTED), "bea", head.id)
    assert tap("Ctrl+Z") == first
    assert project.masks.head(first).id == theirs.id
    assert (session.annotation_layer.data == 7).all()
    assert any("saved again meanwhile" in text for level, text in session.notices if level == "warning")


def test_a_skip_is_not_taken_back_by_undo(session, project, tap):
    session.annotation_layer.fill((1, 1), 3)
    tap("N")
    tap("K")
    third = session.current.photo.id
    assert tap("Ctrl+Z") == third
    assert session.notices[-1] == ("info", "nothing to undo; B opens the photo before")


def test_b_opens_the_photos_before_with_their_masks(session, project, tap):
    ids = accept_four(session, tap)
    for photo in reversed(ids):
        assert tap("B") == photo
        assert (session.annotation_layer.data == 3).all()
        assert state(project, photo) == PhotoState.LABELLED
