"""Measurements of saved masks, one row for each: what it holds, and what a model had proposed before."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog.schema import photo, prediction, revision
from trainer.project.catalog.schema_choice import handout, measured
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.project.catalog.store import Store

__all__ = ["Measured", "Measurements", "ToMeasure"]


@dataclass(frozen=True)
class ToMeasure:
    """A saved mask that has not been measured.

    Attributes
    ----------
    slot, blind
        For what its photo had been handed out, and whether without the suggestion.
    has_prediction
        Whether the photo's prediction was made before its first mask, so that no model knew the answer.
    """

    revision_id: str
    photo_id: int
    slot: str | None
    blind: bool
    has_prediction: bool


@dataclass(frozen=True)
class Measured:
    """One measured mask."""

    revision_id: str
    photo_id: int
    group: str
    split: str
    pixels: tuple[int, ...]
    tone: float | None
    model_id: str | None
    slot: str | None
    blind: bool
    confusion: tuple[tuple[int, ...], ...] | None


class Measurements:
    """Measured masks, and those that are to be measured."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def missing(self, limit: int = 1) -> list[ToMeasure]:
        """List current masks that were not measured, the newest first."""
        there = sa.exists().where(measured.c.revision_id == revision.c.id)
        query = (
            sa.select(revision.c.id, revision.c.photo_id, revision.c.created, revision.c.parent_id)
            .join(photo, photo.c.head == revision.c.id)
            .where(photo.c.head.is_not(None), photo.c.state == PhotoState.LABELLED)
            .where(revision.c.truth_pixels > 0, ~there)
            .order_by(revision.c.created.desc(), revision.c.id)
            .limit(limit)
        )
        with self._store.catalog.read() as connection:
            return [self._to_measure(connection, row) for row in connection.execute(query).mappings()]

    def _to_measure(self, connection: sa.Connection, row: sa.RowMapping) -> ToMeasure:
        before = sa.select(handout).where(
            handout.c.photo_id == row["photo_id"], handout.c.created <= row["created"]
        )
        handed = connection.execute(before.order_by(handout.c.id.desc()).limit(1)).one_or_none()
        made = connection.execute(
            sa.select(prediction.c.created).where(prediction.c.photo_id == row["photo_id"])
        ).scalar()
        return ToMeasure(
            row["id"],
            row["photo_id"],
            None if handed is None else handed.slot,
            handed is not None and bool(handed.blind),
            made is not None and row["parent_id"] is None and made < row["created"],
        )

    def save(
        self,
        of: ToMeasure,
        pixels: Sequence[int],
        tone: float | None = None,
        model_id: str | None = None,
        confusion: Sequence[Sequence[int]] | None = None,
    ) -> None:
        """Keep what was measured; once is enough."""
        with self._store.catalog.write() as connection:
            connection.execute(
                self._store.catalog.insert(measured)
                .values(
                    revision_id=of.revision_id,
                    photo_id=of.photo_id,
                    pixels=list(pixels),
                    tone=tone,
                    model_id=model_id,
                    slot=of.slot,
                    blind=int(of.blind),
                    confusion=sa.null() if confusion is None else [list(row) for row in confusion],
                    created=time.time(),
                )
                .on_conflict_do_nothing()
            )

    def pixels_by_annotator(self) -> dict[str, list[int]]:
        """Return how many pixels of each class each annotator has labelled in the current masks."""
        if not self._store.catalog.is_complete:
            return {}
        query = (
            sa.select(revision.c.annotator, measured.c.pixels)
            .join(revision, revision.c.id == measured.c.revision_id)
            .join(photo, photo.c.head == revision.c.id)
        )
        found: dict[str, list[int]] = {}
        with self._store.catalog.read() as connection:
            for annotator, pixels in connection.execute(query):
                before = found.get(annotator, [0] * len(pixels))
                found[annotator] = [a + b for a, b in zip(before, pixels, strict=True)]
        return found

    def all(self) -> list[Measured]:
        """Return all measured masks that are current or were, by time; empty in a project of before."""
        if not self._store.catalog.is_complete:
            return []
        query = sa.select(measured, photo.c.group_name, photo.c.split).join(
            photo, photo.c.id == measured.c.photo_id
        )
        with self._store.catalog.read() as connection:
            rows = connection.execute(query.order_by(measured.c.created, measured.c.revision_id)).all()
        return [
            Measured(
                row.revision_id,
                row.photo_id,
                row.group_name,
                row.split,
                tuple(row.pixels),
                row.tone,
                row.model_id,
                row.slot,
                bool(row.blind),
                None if row.confusion is None else tuple(tuple(line) for line in row.confusion),
            )
            for row in rows
        ]
