"""Counts of photos: kept by the catalog itself, and the same as if they were counted."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from trainer.errors import PhotoError
from trainer.project.catalog.counts import count_photos
from trainer.project.catalog.schema_choice import tally, tally_change
from trainer.project.project import Project

from .conftest import some_mask, write_photo

pytestmark = pytest.mark.both_stores


def assert_kept_is_counted(project: Project) -> None:
    with project.catalog.read() as connection:
        assert project.photos.counts() == count_photos(connection, kept=False)


def test_kept_counts_follow_all_that_happens_to_a_photo(project: Project, photo_folder: Path) -> None:
    session = project.sessions.start("ann")
    first, second, third, fourth = project.photos.ids()[:4]
    made = project.masks.save(first, *some_mask(), "ann", None)
    project.masks.save(first, *some_mask(4), "ann", made.id)
    project.masks.save(second, *some_mask(), "ann", None, kind="part")
    project.queue.skip(session.id, third)
    project.queue.flag(session.id, fourth, "blurred")
    assert_kept_is_counted(project)
    project.masks.revert(first, None, "ann")
    assert_kept_is_counted(project)
    broken = project.photos.get(project.photos.ids()[5])
    broken.path.write_bytes(b"no photo")
    with pytest.raises(PhotoError):
        project.photos.read(broken.id)
    write_photo(photo_folder / "new.jpg")
    write_photo(broken.path)
    assert_kept_is_counted(project)
    project.registration.add_folder(photo_folder)
    assert_kept_is_counted(project)
    counts = project.photos.counts()
    assert (counts.photos, counts.labelled, counts.skipped, counts.flagged) == (9, 1, 1, 1)


def test_a_change_that_is_undone_is_not_counted(project: Project) -> None:
    before = project.photos.counts()
    with suppress(InterruptedError), project.catalog.write() as connection:
        connection.execute(sa.text("UPDATE photo SET state = 'flagged', queued = 0"))
        raise InterruptedError
    assert project.photos.counts() == before
    assert_kept_is_counted(project)


def test_a_project_from_before_is_counted_and_then_keeps_its_counts(project: Project) -> None:
    project.masks.save(project.photos.ids()[0], *some_mask(), "ann", None)
    with project.catalog.write() as connection:
        for name in ("insert", "update", "delete"):
            on = "" if project.catalog.is_sqlite else " ON photo"
            connection.execute(sa.text(f"DROP TRIGGER tally_{name}{on}"))
            if on:
                connection.execute(sa.text(f"DROP FUNCTION tally_{name}"))
        tally_change.drop(connection)
        tally.drop(connection)
        connection.execute(sa.text("DROP INDEX photo_split_queue"))
        connection.execute(sa.text("DROP TABLE handout"))
    with Project.open(project.path, read_only=True) as old:
        assert (old.photos.counts().photos, old.photos.counts().labelled) == (8, 1)
        assert len(old.queue.head(9)) == 7
    with Project.open(project.path) as new:
        new.masks.save(new.photos.ids()[1], *some_mask(), "ann", None)
        assert (new.photos.counts().photos, new.photos.counts().labelled) == (8, 2)
        assert_kept_is_counted(new)
        assert new.queue.claim_next(new.sessions.start("ann").id) is not None


def test_changes_are_added_up_once(project: Project) -> None:
    for photo_id in project.photos.ids()[:3]:
        project.masks.save(photo_id, *some_mask(), "ann", None)
    before = project.photos.counts()
    with Project.open(project.path) as again, again.catalog.read() as connection:
        assert again.photos.counts() == before
        assert connection.execute(sa.select(sa.func.count()).select_from(tally_change)).scalar() == 0
    project.masks.save(project.photos.ids()[3], *some_mask(), "ann", None)
    assert project.photos.counts().labelled == 4
    assert_kept_is_counted(project)
