"""A photo is done when a person says so: not by one key where most of it is not labelled."""

from __future__ import annotations

import pytest
from workbench import rest, until

from napari_skinseg.views.annotate import resolve_annotate
from trainer.project.states import PhotoState


def hint(session):
    return [text for level, text in session.notices if level == "info" and "not labelled" in text]


def test_a_mostly_unlabelled_photo_is_asked_about_once(session, project):
    photo = session.current.photo.id
    session.annotation_layer.data[:20] = 3
    session.accept_by_hand()
    assert session.current.photo.id == photo
    assert len(hint(session)) == 1
    assert "Space again" in hint(session)[0]
    assert "D makes the rest background" in hint(session)[0]
    session.accept_by_hand()
    rest(session)
    assert project.photos.get(photo).state == PhotoState.LABELLED
    assert len(hint(session)) == 1


def test_d_makes_the_rest_background_and_one_space_is_enough(session, project):
    photo = session.current.photo.id
    session.annotation_layer.data[:20] = 3
    session.rest_is_background()
    session.accept_by_hand()
    rest(session)
    assert project.photos.get(photo).state == PhotoState.LABELLED
    assert hint(session) == []


def test_each_photo_is_asked_about_by_itself(session, project):
    for _ in range(2):
        photo = session.current.photo.id
        session.annotation_layer.data[:20] = 3
        session.accept_by_hand()
        assert session.current.photo.id == photo
        session.accept_by_hand()
        until(session, lambda left=photo: session.current is not None and session.current.photo.id != left)
    assert len(hint(session)) == 2


def test_parts_and_flags_are_not_done(session, project):
    part = session.current.photo.id
    session.annotation_layer.data[:20] = 3
    session.save_part()
    session.skip()
    until(session, lambda: session.current is not None and session.current.photo.id != part)
    session.annotation_layer.paint((20, 20), 3)
    flagged = session.current.photo.id
    session.flag("two people")
    rest(session)
    assert (state(project, part), state(project, flagged)) == (PhotoState.PART, PhotoState.FLAGGED)
    until(session, lambda: session.project_status.flagged == 1)
    status = session.project_status
    assert (status.labelled, status.parts, status.flagged) == (0, 1, 1)
    assert resolve_annotate(session).progress == "today 0 · 0 of 6"


def test_the_note_of_a_flag_stands_on_its_photo_until_it_is_accepted(session, project):
    photo = session.current.photo.id
    session.annotation_layer.fill((1, 1), 3)
    session.flag("two people")
    rest(session)
    session.back()
    until(session, lambda: session.current is not None and session.current.photo.id == photo)
    assert resolve_annotate(session).why.startswith("flagged: two people")
    session.annotation_layer.paint((20, 20), 4)
    session.save_part()
    rest(session)
    assert state(project, photo) == PhotoState.FLAGGED
    assert resolve_annotate(session).why.startswith("flagged: two people")
    session.accept_by_hand()
    rest(session)
    assert state(project, photo) == PhotoState.LABELLED
    session.back()
    until(session, lambda: session.current is not None and session.current.photo.id == photo)
    assert "flagged" not in resolve_annotate(session).why


def state(project, photo):
    return project.photos.get(photo).state


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_nothing_asks_where_nothing_or_most_is_labelled(session, share):
    photo = session.current.photo.id
    rows = session.annotation_layer.data.shape[0]
    session.annotation_layer.data[: round(rows * share)] = 3
    session.accept_by_hand()
    assert hint(session) == []
    if share == 0:
        assert session.current.photo.id == photo
        assert session.notices[-1][1].startswith("nothing is labelled on this photo yet")


def test_who_opens_a_photo_stands_in_the_access_log(session, project):
    first = session.current.photo.id
    session.skip()
    until(session, lambda: session.current is not None and session.current.photo.id != first)
    rest(session)
    seen = [(line.who, str(line.how), line.photo_id) for line in project.access.entries()]
    assert seen == [("ann", "window", session.current.photo.id), ("ann", "window", first)]
