"""Counts of a project's photos, by state and by split."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from trainer.project.catalog.schema import photo
from trainer.project.catalog.schema_choice import tally, tally_change
from trainer.project.states import SPLITS, PhotoState

__all__ = ["Counts", "count_photos", "fold_changes"]


@dataclass(frozen=True)
class Counts:
    """Photos of each kind; `by_split` holds (photos, labelled)."""

    photos: int = 0
    labelled: int = 0
    broken: int = 0
    skipped: int = 0
    flagged: int = 0
    parts: int = 0
    done: int = 0
    """Photos that a person has called done; `labelled` are all with a mask, parts and flagged ones too."""
    by_split: dict[str, tuple[int, int]] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    """Photos in the queue, by split."""

    @property
    def towards_first(self) -> int:
        """Labelled photos that count for the first model: those of training, and one other at most."""
        return min(self.labelled, self.by_split.get("train", (0, 0))[1] + 1)


def count_photos(connection: sa.Connection, kept: bool) -> Counts:
    """Sum up the photos of the catalog; `kept` says whether their number is kept or must be counted."""
    rows = connection.execute(_KEPT if kept else _counted()).all()
    total, labelled, waiting = (dict.fromkeys(SPLITS, 0) for _ in range(3))
    of_state: dict[str, int] = {}
    skipped = 0
    for row in rows:
        total[row.split] += row.photos
        of_state[row.state] = of_state.get(row.state, 0) + row.photos
        labelled[row.split] += row.photos * row.headed
        waiting[row.split] += row.photos * row.queued
        if row.queued and row.behind and row.state == PhotoState.NEW:
            skipped += row.photos
    return Counts(
        photos=sum(total.values()),
        labelled=sum(labelled.values()),
        broken=of_state.get(PhotoState.BROKEN, 0),
        skipped=skipped,
        flagged=of_state.get(PhotoState.FLAGGED, 0),
        parts=of_state.get(PhotoState.PART, 0),
        done=of_state.get(PhotoState.LABELLED, 0),
        by_split={split: (total[split], labelled[split]) for split in SPLITS},
        waiting=waiting,
    )


def _counted() -> sa.Select[tuple[str, str, int, int, int, int]]:
    headed = sa.case((photo.c.head.is_not(None), 1), else_=0).label("headed")
    behind = sa.case((photo.c.back > 0, 1), else_=0).label("behind")
    key = (photo.c.split, photo.c.state, headed, photo.c.queued, behind)
    return sa.select(*key, sa.func.count().label("photos")).group_by(*key)


_KEY = [column.name for column in tally.primary_key]


def _kept() -> sa.Select[tuple[str, str, int, int, int, int]]:
    """Add up what is kept and what has changed since; on SQLite nothing has."""
    parts = [sa.select(*(table.c[name] for name in (*_KEY, "photos"))) for table in (tally, tally_change)]
    rows = sa.union_all(*parts).subquery()
    key = [rows.c[name] for name in _KEY]
    return sa.select(*key, sa.func.sum(rows.c.photos).label("photos")).group_by(*key)


_KEPT = _kept()


def fold_changes(connection: sa.Connection) -> None:
    """Add the changes to the counts, on PostgreSQL; whoever comes second leaves it to the first."""
    if connection.dialect.name == "sqlite":
        return
    from sqlalchemy.dialects.postgresql import insert

    if not connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))).scalar():
        return
    gone = (
        sa.delete(tally_change).returning(*(tally_change.c[name] for name in (*_KEY, "photos"))).cte("gone")
    )
    key = [gone.c[name] for name in _KEY]
    summed = sa.select(*key, sa.func.sum(gone.c.photos)).group_by(*key)
    into = insert(tally).from_select([*_KEY, "photos"], summed)
    total = tally.c.photos + into.excluded.photos
    connection.execute(into.on_conflict_do_update(index_elements=_KEY, set_={"photos": total}))


_LOCK = 7_361_726
"""A number of ours among the advisory locks of a database."""
