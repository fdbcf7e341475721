"""Review of photos that are done, begun, set aside with a note, or cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog.clock import shared_time
from trainer.project.catalog.schema import lease, photo, prediction, revision
from trainer.project.catalog.schema_choice import statistic
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from trainer.project.catalog.store import Store

__all__ = ["REVIEWED", "Review", "ReviewEntry", "Trusted"]

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


@dataclass(frozen=True)
class Trusted:
    """A photo that waits, whose suggestion the model in use is sure of."""

    photo_id: int
    relpath: str
    model_id: str
    sure: float
    """Lead of the likeliest class over the next, mean over the pixels, 0 to 1."""
    there: bool
    """Whether the suggestion is made; else only the photo has been rated."""


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

    def trusted(self, model_id: str, n: int) -> list[Trusted]:
        """At most `n` photos of the queue that a model is surest of; of the training photos alone.

        On the others models are compared: masks that one of them has made would favour it.
        """
        if not self._store.catalog.has(statistic):
            return []
        sure = statistic.c.numbers["margin"].as_float()
        there = sa.and_(prediction.c.photo_id == photo.c.id, prediction.c.model_id == model_id)
        with self._store.catalog.read() as connection:
            held = sa.exists().where(
                lease.c.photo_id == photo.c.id, lease.c.expires > shared_time(connection)
            )
            query = (
                sa.select(photo.c.id, photo.c.relpath, sure.label("sure"), prediction.c.model_id)
                .select_from(statistic.join(photo, photo.c.id == statistic.c.photo_id))
                .outerjoin(prediction, there)
                .where(statistic.c.model_id == model_id, sure.is_not(None), ~held)
                .where(photo.c.split == "train", photo.c.queued == 1, photo.c.head.is_(None))
                .order_by(sure.desc(), photo.c.id)
                .limit(n)
            )
            return [
                Trusted(row.id, row.relpath, model_id, row.sure, row.model_id is not None)
                for row in connection.execute(query)
            ]
