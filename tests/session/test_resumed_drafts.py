"""Unfinished work that a crash left behind goes on from the right mask: no conflict with oneself."""

from __future__ import annotations

import pytest
from workbench import rest, until

from trainer.project.states import PhotoState


def go_on(open_session, project, photo):
    """Open the photo in the session after the crash, check its strokes, and accept it."""
    session = open_session(project)
    session.open_photo(photo)
    until(session, lambda: session.current is not None and session.current.photo.id == photo)
    assert session.annotation_layer.data[10, 10] == 3
    assert session.annotation_layer.data[40, 40] == 5
    session.accept_and_next()
    rest(session)
    assert not [text for level, text in session.notices if level == "warning"]
    assert project.photos.get(photo).state == PhotoState.LABELLED
    labels, _ = project.masks.read(project.masks.head(photo))
    assert (labels[10, 10], labels[40, 40]) == (3, 5)


def test_a_photo_skipped_right_after_a_part_was_saved(session, project, open_session):
    photo = session.current.photo.id
    session.annotation_layer.paint((10, 10), 3)
    session.save_part()
    session.annotation_layer.paint((40, 40), 5)
    session.skip()  # before anybody has heard that the part is saved
    rest(session)
    go_on(open_session, project, photo)


class Killed(BaseException):
    """As far as the project can tell, the process ended here."""


@pytest.mark.parametrize(
    ("earlier", "done"), [("nothing", False), ("nothing", True), ("a part", True), ("a mask", True)]
)
def test_a_kill_amid_taking_an_accept_back(session, project, open_session, monkeypatch, earlier, done):
    photo, revert = session.current.photo.id, project.masks.revert
    session.annotation_layer.paint((10, 10), 3)
    if earlier != "nothing":
        session.save_part() if earlier == "a part" else session.accept_and_next()
        rest(session)
    if earlier == "a mask":
        session.open_photo(photo)
        until(session, lambda: session.current is not None and session.current.photo.id == photo)
    session.annotation_layer.paint((40, 40), 5)
    session.accept_and_next()
    rest(session)

    def reverted_at_most(*arguments, **more):
        if done:
            revert(*arguments, **more)
        raise Killed

    monkeypatch.setattr(project.masks, "revert", reverted_at_most)
    monkeypatch.setattr(session._navigator, "open", lambda *_, **more: None)
    session.take_back()
    rest(session)
    monkeypatch.setattr(project.masks, "revert", revert)
    go_on(open_session, project, photo)
