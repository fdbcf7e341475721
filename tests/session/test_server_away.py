"""A team's server that stops in the middle of work: the window says so, keeps all, and goes on by itself."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from workbench import rest, until, write_photo

from trainer.errors import UnreachableError
from trainer.project.project import Project
from trainer.project.states import PhotoState

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a server of one's own needs Unix sockets")


@pytest.fixture
def server(own_server):
    """The tests' own server; runs again at the end, whatever happened."""
    made = own_server()
    yield made
    made.stop()
    made.start()


@pytest.fixture
def project(tmp_path: Path, server):
    for number in range(6):
        (tmp_path / "photos").mkdir(exist_ok=True)
        write_photo(tmp_path / "photos" / f"arm_{number}.jpg", number)
    with (
        server.database() as url,
        Project.create(tmp_path / "project", database_url=url) as made,
    ):
        made.registration.add_folder(tmp_path / "photos")
        yield made


def test_while_the_server_is_away_work_goes_on_and_is_written_when_it_is_back(session, project, server):
    until(session, lambda: len(session._navigator.waiting.ready) == project.settings.window.prefetch)
    first = session.current.photo.id
    session.annotation_layer.fill((1, 1), 3)
    server.stop()
    session.accept_and_next()
    skipped = session.current.photo.id
    assert skipped != first, "the next photo was decoded ahead"
    session.annotation_layer.paint((20, 20), 5)
    painted = session.annotation_layer.data.copy()
    session.skip()
    flagged = session.current.photo.id
    session.flag("odd")
    until(session, lambda: session._navigator.waiting.away and len(session._saver.failing) == 3)
    assert session.current is None
    said = session.status
    assert "is not saved yet" in said or "is not skipped yet" in said or "is not flagged yet" in said
    assert "its server does not answer" in said
    assert "\n" not in said
    told = [text for level, text in session.notices if level == "error" and text.startswith("postgresql")]
    assert len(told) == 1, "once, however long it takes"

    server.start()
    until(session, lambda: session.current is not None, seconds=20)
    rest(session)
    assert not session.away
    assert ("news", "the project can be reached again: what has waited is written now") in session.notices
    head = project.masks.head(first)
    assert head is not None
    assert head.annotator == "ann"
    assert project.photos.get(first).state == PhotoState.LABELLED
    labels, _ = project.drafts.read(project.drafts.get(skipped, "ann"))
    np.testing.assert_array_equal(labels, painted)
    assert (project.photos.get(flagged).state, project.photos.get(flagged).reason) == ("flagged", "odd")
    assert session.current.photo.id not in (first, skipped, flagged)


def test_an_open_photo_can_be_painted_on_and_its_draft_follows(session, project, server):
    photo = session.current.photo.id
    until(session, lambda: session._navigator.waiting.ready)
    server.kill()
    until(session, lambda: session.away)
    assert session.status == (
        "the project cannot be reached: go on painting, it is kept here and written once it is back"
    )
    session.annotation_layer.paint((20, 20), 5)
    with pytest.raises(UnreachableError, match="does not answer"):
        project.photos.counts()
    server.start()
    until(session, lambda: not session.away and project.drafts.get(photo, "ann"), seconds=20)
    labels, _ = project.drafts.read(project.drafts.get(photo, "ann"))
    assert labels[20, 20] == 5


def test_a_commit_whose_answer_was_lost_is_no_conflict_with_oneself(session, project, server, monkeypatch):
    photo = session.current.photo.id
    session.annotation_layer.fill((1, 1), 3)
    save = project.masks.save

    def save_and_lose_the_answer(*arguments, **more):
        monkeypatch.setattr(project.masks, "save", save)
        save(*arguments, **more)
        raise UnreachableError("the connection was lost with the commit")

    monkeypatch.setattr(project.masks, "save", save_and_lose_the_answer)
    session.accept_and_next()
    until(session, lambda: session._saver.failing)
    session._saver.retry()
    rest(session)
    assert not [text for level, text in session.notices if level == "warning"]
    assert project.masks.head(photo).kind == "save"
    assert project.photos.get(photo).state == PhotoState.LABELLED


def test_a_window_closed_while_the_server_is_away_loses_nothing(session, project, server, open_session):
    until(session, lambda: len(session._navigator.waiting.ready) == project.settings.window.prefetch)
    saved, painted = session.current.photo.id, {}
    session.annotation_layer.fill((1, 1), 3)
    painted[saved] = session.annotation_layer.data.copy()
    server.stop()
    session.accept_and_next()
    begun = session.current.photo.id
    session.annotation_layer.paint((20, 20), 5)
    painted[begun] = session.annotation_layer.data.copy()
    session.close()
    told = [text for level, text in session.notices if level == "error" and "is kept" in text]
    assert len(told) == 2
    assert all("comes again as unfinished when you open the project next" in text for text in told)

    server.start()
    again = open_session(project)
    again.open_next()
    until(again, lambda: again.current is not None, seconds=20)
    for photo, labels in painted.items():
        draft = project.drafts.get(photo, "ann")
        np.testing.assert_array_equal(project.drafts.read(draft)[0], labels)
    assert again.current.photo.id in painted
    np.testing.assert_array_equal(again.annotation_layer.data, painted[again.current.photo.id])
    assert not list((project.path / "stranded").iterdir())
