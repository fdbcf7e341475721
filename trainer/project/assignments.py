"""Assignments: photos that one annotator gets first, sent back by a reviewer or to be read again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.schema import lease, photo, session, skipped
from trainer.project.schema_choice import handout
from trainer.project.schema_review import reading, verdict
from trainer.project.states import PhotoState, Slot, VerdictKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.project.store import Store

__all__ = ["SECOND", "Assigned", "assigned_to", "returned_words", "take_reading"]

SECOND = "a second reading, without the first mask"
_LATER = verdict.alias("later")
SHORT = 200
"""So many letters of a note stand in lists; the photo itself shows all."""


@dataclass(frozen=True)
class Assigned:
    """A photo for one annotator."""

    photo_id: int
    relpath: str
    why: str
    slot: Slot


def assigned_to(
    connection: sa.Connection,
    store: Store,
    annotator: str,
    now: float,
    session_id: int | None = None,
    out: Sequence[int] = (),
    limit: int = 1,
) -> list[Assigned]:
    """List photos that wait for an annotator and that nobody holds, those sent back first, then the oldest.

    Parameters
    ----------
    session_id
        Leaves out what was skipped in this session.
    out
        Photos to leave out.
    """
    if not (store.catalog.has(reading) and store.catalog.has(verdict)):
        return []
    free = [~sa.exists().where(lease.c.photo_id == photo.c.id, lease.c.expires > now)]
    free.append(photo.c.state != PhotoState.BROKEN)
    if out:
        free.append(photo.c.id.not_in(out))
    if session_id is not None:
        mine = (skipped.c.photo_id == photo.c.id, skipped.c.session_id == session_id)
        free.append(~sa.exists().where(*mine))
    sent_back = (
        sa.select(photo.c.id, photo.c.relpath, verdict.c.who, verdict.c.note)
        .join(verdict, verdict.c.revision_id == photo.c.head)
        .where(verdict.c.annotator == annotator, verdict.c.kind == VerdictKind.RETURNED)
        .where(photo.c.state != PhotoState.FLAGGED, *free)
        .where(~sa.exists().where(_LATER.c.revision_id == verdict.c.revision_id, _LATER.c.id > verdict.c.id))
        .order_by(verdict.c.id)
        .limit(limit)
    )
    seen = sa.exists().where(  # who had the photo before may have seen the first mask
        handout.c.photo_id == photo.c.id,
        handout.c.session_id == session.c.id,
        session.c.annotator == annotator,
    )
    again = (
        sa.select(photo.c.id, photo.c.relpath)
        .join(reading, reading.c.photo_id == photo.c.id)
        .where(reading.c.done.is_(None), reading.c.first != annotator)
        .where(sa.or_(sa.and_(reading.c.second.is_(None), ~seen), reading.c.second == annotator))
        .where(photo.c.state == PhotoState.LABELLED, *free)
        .order_by(reading.c.created, photo.c.id)
        .limit(limit)
    )
    found = [
        Assigned(row.id, row.relpath, returned_words(row.who, row.note, SHORT), Slot.RETURNED)
        for row in connection.execute(sent_back)
    ]
    found += [Assigned(row.id, row.relpath, SECOND, Slot.SECOND) for row in connection.execute(again)]
    return found[:limit]


def returned_words(who: str, note: str, most: int | None = None) -> str:
    """Say who sent a photo back, and why."""
    line = " ".join(note.split())
    if most is not None and len(line) > most:
        line = f"{line[: most - 1]}…"
    return f"{who} sent it back: {line}"


def take_reading(connection: sa.Connection, photo_id: int, annotator: str) -> None:
    """Make somebody the second reader of a photo."""
    free = sa.or_(reading.c.second.is_(None), reading.c.second == annotator)
    connection.execute(
        sa.update(reading).where(reading.c.photo_id == photo_id, free).values(second=annotator)
    )
