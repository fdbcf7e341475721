"""One key corrects a region, or all that nobody has decided: one undo step, locks and decisions respected."""

from __future__ import annotations

import time

import numpy as np
import pytest
from workbench import rest, serve, until

from trainer.labels.values import NONE, PAINTED, PROPOSED

BACKGROUND, HAND, LIMB, TRUNK = 1, 4, 6, 7


@pytest.fixture
def session(project, open_session):
    """A photo with a suggestion: a hand in the upper left, a limb below it, background."""
    photo_id = project.photos.ids()[0]
    labels = np.full(project.photos.read(photo_id).shape[:2], BACKGROUND, np.uint8)
    labels[5:20, 5:25] = HAND
    labels[30:45, 5:25] = LIMB
    project.predictions.save(photo_id, serve(project, "0001"), labels, np.full(labels.shape, 255, np.uint8))
    session = open_session(project)
    session.open_photo(photo_id)
    until(session, lambda: session.current is not None)
    session.viewer.cursor.position = (10, 10)
    return session


def labels_of(session):
    return session.annotation_layer.data.copy(), session.provenance.copy()


def test_a_region_becomes_another_class_and_undo_gives_it_back(session):
    before = labels_of(session)
    session.relabel_region(TRUNK)
    assert session.notices[-1] == ("info", "hand is now trunk")
    labels, provenance = labels_of(session)
    assert (labels[5:20, 5:25] == TRUNK).all()
    assert (provenance[5:20, 5:25] == PAINTED).all()
    assert (labels != TRUNK).sum() == labels.size - 15 * 20
    assert session.current.strokes == 1
    session.undo()
    assert all((now == then).all() for now, then in zip(labels_of(session), before, strict=True))


def test_a_region_that_has_the_class_is_decided_all_the_same(session):
    session.relabel_region(HAND)
    assert (session.provenance[5:20, 5:25] == PAINTED).all()
    session.relabel_region(HAND)
    assert session.notices[-1][1] == "this region is hand already"


def test_a_locked_region_says_how_it_is_freed(session):
    session.set_locked(HAND, True)
    session.relabel_region(TRUNK)
    assert session.notices[-1][1] == "hand is locked: L over it frees it"
    assert (session.annotation_layer.data[5:20, 5:25] == HAND).all()


def test_outside_the_photo_nothing_happens(session):
    before = labels_of(session)
    session.viewer.cursor.position = (-50, 4000)
    for correction in (lambda: session.relabel_region(TRUNK), session.drop_region):
        correction()
        assert session.notices[-1][1] == "point at a region of the photo first"
    assert all((now == then).all() for now, then in zip(labels_of(session), before, strict=True))


def test_the_rest_is_background_but_not_what_was_decided_or_is_locked(session):
    session.relabel_region(TRUNK)
    session.set_locked(LIMB, True)
    session.rest_is_background()
    labels, provenance = labels_of(session)
    assert (labels[5:20, 5:25] == TRUNK).all()
    assert (labels[30:45, 5:25] == LIMB).all()
    assert (provenance[30:45, 5:25] == PROPOSED).all()
    others = (labels != TRUNK) & (labels != LIMB)
    assert (labels[others] == BACKGROUND).all()
    assert (provenance[others] == PAINTED).all()
    session.undo()
    assert (session.provenance[50:] == PROPOSED).all()
    assert (session.annotation_layer.data[5:20, 5:25] == TRUNK).all()


def test_nothing_is_left_to_be_background(session):
    session.rest_is_background()
    session.rest_is_background()
    assert session.notices[-1][1] == "every pixel is decided already"


def test_the_suggestion_of_a_region_is_dropped_and_comes_back_with_undo_and_goes_with_redo(session):
    before = labels_of(session)
    session.drop_region()
    assert session.notices[-1][1] == "dropped the suggested hand"
    for _ in range(2):
        labels, provenance = labels_of(session)
        assert (labels[5:20, 5:25] == 0).all()
        assert (provenance[5:20, 5:25] == NONE).all()
        assert (labels[30:45, 5:25] == LIMB).all()
        session.undo()
        assert all((now == then).all() for now, then in zip(labels_of(session), before, strict=True))
        session.redo()
    session.drop_region()
    assert session.notices[-1][1] == "nothing is suggested here"


def test_what_a_person_decided_is_never_dropped_and_no_newer_suggestion_comes(session, project):
    session.relabel_region(TRUNK)
    session.drop_suggestion()
    labels, provenance = labels_of(session)
    assert (labels[5:20, 5:25] == TRUNK).all()
    assert set(np.unique(labels)) == {0, TRUNK}
    assert not (provenance == PROPOSED).any()
    photo_id = session.current.photo.id
    newer = np.full(labels.shape, LIMB, np.uint8)
    project.predictions.save(photo_id, serve(project, "0002"), newer, np.full(labels.shape, 255, np.uint8))
    until(session, lambda: session.project_status.served == "0002")
    for _ in range(40):  # two seconds of the window's clock
        session.poll()
        time.sleep(0.02)
    rest(session)
    assert set(np.unique(session.annotation_layer.data)) == {0, TRUNK}
    session.accept_and_next()
    rest(session)
    assert set(np.unique(project.masks.read(project.masks.head(photo_id))[0])) == {0, TRUNK}


def test_dropping_before_there_is_a_suggestion_refuses_none(project, open_session):
    session = open_session(project)
    session.open_next()
    until(session, lambda: session.current is not None)
    session.drop_suggestion()
    assert session.notices[-1][1] == "nothing is suggested here"
    photo_id, shape = session.current.photo.id, session.annotation_layer.data.shape
    labels = np.full(shape, LIMB, np.uint8)
    project.predictions.save(photo_id, serve(project, "0003"), labels, np.full(shape, 255, np.uint8))
    until(session, lambda: (session.annotation_layer.data == LIMB).all())


def test_the_keys_do_it(session):
    keymap = session.annotation_layer.keymap
    rows = {row.key: row for row in session.bindings()}
    assert rows["Alt+7"].sentence == "the region under the cursor is trunk"
    bound = {str(key): action for key, action in keymap.items()}
    bound["Alt+7"](session.annotation_layer)
    assert (session.annotation_layer.data[5:20, 5:25] == TRUNK).all()
    bound["D"](session.annotation_layer)
    assert (session.annotation_layer.data[30:45, 5:25] == BACKGROUND).all()
    session.undo()
    bound["Shift+C"](session.annotation_layer)
    assert (session.annotation_layer.data[30:45, 5:25] == 0).all()
