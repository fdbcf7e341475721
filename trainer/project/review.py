"""Review of photos that are done, begun, set aside with a note, or cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.schema import photo, revision
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from trainer.project.store import Store

__all__ = ["REVIEWED", "Review", "ReviewEntry"]

REVIEWED = (PhotoState.LABELLED, PhotoState.PART, PhotoState.FLAGGED, PhotoState.BROKEN)
"""States that a list can be made of, in the order of its menu."""


@dataclass(frozen=True)
class ReviewEntry:
    """A photo that was worked on, or that cannot be read."""

    photo_id: int
    relpath: str
    state: PhotoState
    reason: str | None
    """The note of a flag, or the reason that it cannot be read."""
    annotator: str | None
    """Annotator of its current mask."""
    saved: float | None
    """Time of that, in seconds since 1970."""
    head: str | None
    """Id of that mask."""


class Review:
    """Lists of photos by their state."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def entries(self, state: PhotoState, n: int) -> list[ReviewEntry]:
        """At most `n` photos in that state, those with the newest masks first."""
        columns = (photo.c.id, photo.c.relpath, photo.c.state, photo.c.reason, photo.c.head)
        query = (
            sa.select(*columns, revision.c.annotator, revision.c.created)
            .outerjoin(revision, revision.c.id == photo.c.head)
            .where(photo.c.state == state)
            .order_by(revision.c.created.desc().nulls_last(), photo.c.id)
            .limit(n)
        )
        with self._store.catalog.read() as connection:
            return [
                ReviewEntry(
                    row.id,
                    row.relpath,
                    PhotoState(row.state),
                    row.reason,
                    row.annotator,
                    row.created,
                    row.head,
                )
                for row in connection.execute(query)
            ]
