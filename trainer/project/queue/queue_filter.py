"""Filter of the queue: what an annotator wants to come next, found as quickly in the largest project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from trainer.project.catalog.schema import photo, photo_group, prediction
from trainer.project.catalog.schema_filter import shows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from trainer.project.catalog.catalog import Catalog

__all__ = ["EVERYTHING", "Chosen", "QueueFilter", "classes_in", "keep_shown", "of_group", "read_chosen"]

FEW = 2000
"""Of up to so many photos the ids are looked up first; of more, one comes soon in any order."""
SEEN = 0.002
"""A class on less than this share of a photo is a speck."""
MOST_PIXELS = 1 << 18
"""So many say as much as all; a larger mask is thinned."""


@dataclass(frozen=True)
class QueueFilter:
    """What a photo must have to be handed out; what is None or empty is not asked for.

    Attributes
    ----------
    text
        Part of its relative path, in any case.
    group
        Part of the name of its group, in any case.
    class_index
        A class that a model has seen on it.
    suggested
        Whether its suggestion is made.
    """

    text: str = ""
    group: str | None = None
    class_index: int | None = None
    suggested: bool | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Say the same in SQL, of a row of `photo`."""
        found: list[sa.ColumnElement[bool]] = []
        if self.text:
            found.append(photo.c.relpath.icontains(self.text.replace("\\", "/"), autoescape=True))
        if self.group:
            found.append(of_group(self.group))
        if self.class_index is not None:
            seen = shows.alias()
            of_class = (seen.c.class_index == self.class_index, seen.c.photo_id == photo.c.id)
            found.append(sa.exists().where(*of_class))
        if self.suggested is not None:
            made = prediction.alias()
            there = sa.exists().where(made.c.photo_id == photo.c.id)
            found.append(there if self.suggested else ~there)
        return found


def of_group(text: str) -> sa.ColumnElement[bool]:
    """Say in SQL that a photo is of the group of this name, or of one that was named with this part in it."""
    named = sa.select(photo_group.c.name).where(photo_group.c.name.icontains(text, autoescape=True))
    return photo.c.group_name.in_(named.union_all(sa.select(sa.literal(text))))


EVERYTHING = QueueFilter()


@dataclass(frozen=True)
class Chosen:
    """The photos of the queue that pass a filter: a condition, by their ids where they are few."""

    where: tuple[sa.ColumnElement[bool], ...]
    few: bool = False
    empty: bool = False


def read_chosen(connection: sa.Connection, wanted: QueueFilter) -> Chosen | None:
    """Look up which photos pass a filter; None: it lets all pass.

    An index leads to what is rare; a name is looked for in all, which takes a fifth of a second in
    330,000 and holds nobody up; a group among the names of groups, in a tenth of that.
    """
    if wanted == EVERYTHING:
        return None
    conditions = wanted.conditions()
    source: sa.FromClause = photo
    if wanted.class_index is not None:  # from the small table to the large one: SQLite might go through all
        source = shows.join(photo, photo.c.id == shows.c.photo_id)
        conditions.append(shows.c.class_index == wanted.class_index)
    elif wanted.suggested:
        source = prediction.join(photo, photo.c.id == prediction.c.photo_id)
    # By its group or as a whole, never by an index of the queue, whose rows lie all over the table.
    queued = photo.c.queued == sa.literal_column("1") if wanted.group else photo.c.queued + 0 == 1
    query = sa.select(photo.c.id).select_from(source).where(queued, *conditions)
    ids = list(connection.execute(query.limit(FEW + 1)).scalars())
    if len(ids) > FEW:
        return Chosen(tuple(wanted.conditions()))
    return Chosen((photo.c.id.in_(ids),), few=True, empty=not ids)


def keep_shown(
    connection: sa.Connection, catalog: Catalog, seen: Iterable[tuple[int, Sequence[int]]]
) -> None:
    """Keep which classes a model has seen on photos, (photo id, class indices), in place of what was kept."""
    found = dict(seen)
    rows = [{"photo_id": one, "class_index": index} for one, classes in found.items() for index in classes]
    if found and catalog.has(shows):
        connection.execute(sa.delete(shows).where(shows.c.photo_id.in_(found)))
        if rows:
            connection.execute(catalog.insert(shows).on_conflict_do_nothing(), rows)


def classes_in(labels: npt.NDArray[np.uint8]) -> list[int]:
    """Return the classes that a suggestion, class index + 1, shows on more than a speck."""
    step = max(1, round((labels.size / MOST_PIXELS) ** 0.5))
    counts = np.bincount(labels[::step, ::step].ravel(), minlength=1)
    return [int(value) - 1 for value in np.flatnonzero(counts > SEEN * counts.sum()) if value]


def classes_of(shares: object) -> list[int]:
    """Return the same of the share of a photo that each class takes, as it is kept in JSON."""
    known = shares if isinstance(shares, list | tuple) else ()
    return [at for at, share in enumerate(known) if isinstance(share, int | float) and share > SEEN]
