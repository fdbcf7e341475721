"""Whoever sits at the desk, and whatever happens to the project meanwhile: no work is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sqlalchemy as sa
from workbench import rest, until

from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = (
    "Zoë Müller-Łukasz Ольга Ѣ Ελένη",
    "张伟 さくら 김민수 अनुष्का ณัฐ",
    "محمد דָּוִד 👩🏽‍⚕️",
    "<b>O'Hara</b>; DROP TABLE photo -- ../../etc/passwd\\C:*?",
    "a" * 300,
)


def test_every_name_can_sign_a_mask_and_finds_its_unfinished_work(project, open_session):
    for name in NAMES:
        session = open_session(project, name)
        session.open_next()
        until(session, lambda s=session: s.current is not None)
        done = session.current.photo.id
        session.annotation_layer.data[:] = 3
        session.annotation_layer.paint((5, 5), 4)
        session.save_part()
        rest(session)
        assert project.masks.head(done).annotator == name
        session.annotation_layer.paint((20, 20), 5)
        session.close()
        draft = project.drafts.get(done, name)
        assert draft is not None, name
        assert project.drafts.read(draft)[0][20, 20] == 5
        again = open_session(project, name)
        again.open_photo(done)
        until(again, lambda s=again: s.current is not None)
        assert again.annotation_layer.data[20, 20] == 5, name
        again.close()


def test_two_windows_of_one_annotator_hold_different_photos_and_lose_nothing(project, open_session):
    one, other = open_session(project), open_session(project)
    for session in (one, other):
        session.open_next()
        until(session, lambda s=session: s.current is not None)
    assert one.current.photo.id != other.current.photo.id
    photos = []
    for value, session in ((3, one), (5, other)):
        photos.append(session.current.photo.id)
        session.annotation_layer.data[:] = value
        session.annotation_layer.paint((5, 5), 6)
        session.accept_and_next()
        rest(session)
    for photo, value in zip(photos, (3, 5), strict=True):
        labels, _ = project.masks.read(project.masks.head(photo))
        assert labels[30, 30] == value
        assert labels[5, 5] == 6
    one.open_photo(photos[0])
    until(one, lambda: one.current is not None and one.current.photo.id == photos[0])
    rest(other)
    kept = other.current.photo.id
    other.annotation_layer.paint((9, 9), 2)
    other.open_photo(photos[0])
    until(other, lambda: other.notices and "in your other window" in other.notices[-1][1])
    until(other, lambda: other.current is not None)
    assert other.current.photo.id == kept, "the photo before stays"
    assert other.annotation_layer.data[9, 9] == 2, "with its strokes"
    other.undo()
    third = open_session(project)
    third.open_next()
    until(third, lambda: third.current is not None or third.project_status.queue_is_empty)
    assert set(third._navigator.held_ids).isdisjoint({*one._navigator.held_ids, *other._navigator.held_ids})
    third.close()
    with project.catalog.write() as connection:  # as after a night in which one machine slept
        connection.execute(sa.text("DELETE FROM lease"))
    other.open_photo(photos[0])  # the later save is told of the earlier
    until(other, lambda: other.current is not None and other.current.photo.id == photos[0])
    for value, session in ((7, one), (8, other)):
        session.annotation_layer.paint((40, 40), value)
        session.save_part()
        rest(session)
    saved = [project.masks.read(revision)[0][40, 40] for revision in project.masks.history(photos[0])]
    assert {7, 8} <= set(saved), "both are kept"
    assert [text for level, text in other.notices if level == "warning"], "and the later one is told"


@contextmanager
def turned_read_only(folder: Path) -> Iterator[None]:
    """Let nobody write into a project that is open, as a share does whose rights have changed."""
    if sys.platform == "win32":
        pytest.skip("rights of folders are others there")
    if os.geteuid() == 0:  # rights do not bind root: a mount that cannot be written lies over the folder
        if subprocess.run(["mount", "--bind", folder, folder], capture_output=True).returncode:
            pytest.skip("this machine lets nobody mount")
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", folder], check=True)
        return
    inside = [folder, folder / "masks", folder / "drafts"]
    for one in inside:
        one.chmod(0o500)
    try:
        yield
    finally:
        for one in inside:
            one.chmod(0o700)


def test_a_project_that_turns_read_only_while_one_paints_loses_nothing(project, session):
    first = session.current.photo.id
    until(session, lambda: session._navigator.waiting.ready)
    with turned_read_only(project.path):
        session.annotation_layer.data[:] = 3
        session.annotation_layer.paint((20, 20), 5)
        until(session, lambda: session._editor._autosave.failing)
        told = [text for level, text in session.notices if level == "error"]
        assert len(told) == 1, "once, however often it is tried"
        assert told[0].startswith("unfinished work cannot be put in safety: ")
        assert "\n" not in told[0]
        assert "Errno" not in told[0]
        assert "check the rights" in told[0]
        session.accept_and_next()
        until(session, lambda: session._saver.failing)
        assert "is not saved yet" in session.status
        assert "\n" not in session.status
        assert project.masks.head(first) is None
    session._saver.retry()
    rest(session)
    labels, _ = project.masks.read(project.masks.head(first))
    assert (labels[20, 20], labels[50, 50]) == (5, 3)
    assert project.photos.get(first).state == PhotoState.LABELLED
    assert np.count_nonzero(labels == 0) == 0
