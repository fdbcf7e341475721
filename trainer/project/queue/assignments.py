"""Assignments: photos that one annotator gets first, sent back by a reviewer or to be read again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog.schema import lease, photo, session, skipped
from trainer.project.catalog.schema_choice import handout
from trainer.project.catalog.schema_review import reading, verdict
from trainer.project.states import PhotoState, Slot, VerdictKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.project.catalog.store import Store

__all__ = ["SECOND", "Assigned", "assigned_to", "returned_words", "take_reading"]

SECOND = "a second reading, without the first mask"
MOST = 100
"""So many of each kind are looked at: where all are held or skipped, the ordinary queue goes on."""
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
    # Each in two steps, the small tables first: as one join SQLite goes through all photos.
    back: dict[int, str] = {
        row.photo_id: returned_words(row.who, row.note, SHORT)
        for row in connection.execute(_sent_back(annotator))
    }
    again = [int(row.photo_id) for row in connection.execute(_to_read_again(annotator))]
    names = _free(connection, [*back, *again], now, session_id, set(out))
    found = [Assigned(i, names[i], why, Slot.RETURNED) for i, why in back.items() if i in names]
    again = [photo_id for photo_id in again if photo_id in names and photo_id not in back]
    found += [Assigned(photo_id, names[photo_id], SECOND, Slot.SECOND) for photo_id in again]
    return found[:limit]


def _sent_back(annotator: str) -> sa.Select[tuple[int, str, str]]:
    """Select what was sent back to an annotator and not saved or judged since, the longest first."""
    later = verdict.alias()
    head = sa.select(photo.c.head).where(photo.c.id == verdict.c.photo_id).scalar_subquery()
    return (
        sa.select(verdict.c.photo_id, verdict.c.who, verdict.c.note)
        .where(verdict.c.annotator == annotator, verdict.c.kind == VerdictKind.RETURNED)
        .where(verdict.c.revision_id == head)
        .where(~sa.exists().where(later.c.revision_id == verdict.c.revision_id, later.c.id > verdict.c.id))
        .order_by(verdict.c.id)
        .limit(MOST)
    )


def _to_read_again(annotator: str) -> sa.Select[tuple[int]]:
    """Select what an annotator has begun to read a second time, or may begin, the longest first."""
    seen = sa.exists().where(  # who had the photo before may have seen the first mask
        handout.c.photo_id == reading.c.photo_id,
        handout.c.session_id == session.c.id,
        session.c.annotator == annotator,
    )
    mine = sa.or_(sa.and_(reading.c.second.is_(None), ~seen), reading.c.second == annotator)
    return (
        sa.select(reading.c.photo_id)
        .where(reading.c.done.is_(None), reading.c.first != annotator, mine)
        .order_by(reading.c.created, reading.c.photo_id)
        .limit(MOST)
    )


def _free(
    connection: sa.Connection, ids: Sequence[int], now: float, session_id: int | None, out: set[int]
) -> dict[int, str]:
    """Return the paths of those photos that can be handed out now."""
    wanted = [photo_id for photo_id in ids if photo_id not in out]
    if not wanted:
        return {}
    held = sa.exists().where(lease.c.photo_id == photo.c.id, lease.c.expires > now)
    query = sa.select(photo.c.id, photo.c.relpath, photo.c.state).where(photo.c.id.in_(wanted), ~held)
    if session_id is not None:
        passed = (skipped.c.photo_id == photo.c.id, skipped.c.session_id == session_id)
        query = query.where(~sa.exists().where(*passed))
    # The state is looked at here: asked for it, SQLite would go by its index, through all that are done.
    there = (PhotoState.LABELLED, PhotoState.PART)
    return {row.id: row.relpath for row in connection.execute(query) if row.state in there}


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
