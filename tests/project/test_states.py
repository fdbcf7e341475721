"""States and kinds: what the catalog and a checkpoint hold is plain text, as older programs wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from trainer.project.catalog.schema import metadata
from trainer.project.states import CommandKind, PhotoState, RevisionKind, VisitOutcome
from trainer.settings.plan import Lane

from .conftest import some_mask

if TYPE_CHECKING:
    from trainer.project.project import Project

pytestmark = pytest.mark.both_stores


def stored(project: Project, table: str, column: str) -> set[str]:
    with project.catalog.read() as connection:
        values = set(connection.execute(sa.select(metadata.tables[table].c[column])).scalars())
    assert {type(value) for value in values} <= {str}
    return values


def test_the_catalog_holds_the_words_it_always_held(project: Project) -> None:
    session = project.sessions.start("ann")
    one, other, third = project.photos.ids(limit=3)
    part = project.masks.save(one, *some_mask(), "ann", None, kind=RevisionKind.PART)
    project.masks.save(other, *some_mask(), "ann", None)
    project.masks.revert(one, part.id, "ann")
    project.queue.flag(session.id, third, "look here")
    project.sessions.record_visit(session.id, one, 3.0, 1, VisitOutcome.LEFT)
    project.trainer.send(CommandKind.TRAIN_NOW, by="ann", lane=Lane.FULL)
    project.trainer.start_round("r1", Lane.BATCH, "skinseg")
    project.models.add("0001", "skinseg", Lane.FAST)
    project.models.record_decision("0001", promoted=True, why="first", provisional=True)
    project.models.add("0002", "skinseg", Lane.FULL)
    project.models.record_decision("0002", promoted=False, why="worse")
    assert stored(project, "photo", "state") == {"new", "labelled", "flagged"}
    assert stored(project, "revision", "kind") == {"part", "save", "revert"}
    assert stored(project, "visit", "outcome") == {"left"}
    assert stored(project, "command", "kind") == {"train_now"}
    assert stored(project, "round", "lane") == {"batch"}
    assert stored(project, "round", "state") == {"running"}
    assert stored(project, "model", "lane") == {"fast", "full"}
    assert stored(project, "model", "decision") == {"provisional", "kept old"}
    assert stored(project, "serving", "kind") == {"promote"}
    assert project.trainer.pending()[0].args == {"lane": "full"}
    assert project.photos.get(third).state is PhotoState.FLAGGED
