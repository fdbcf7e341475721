"""A photo is done when a person says so: not by one key where most of it is not labelled."""

from __future__ import annotations

import pytest
from workbench import rest, until

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
