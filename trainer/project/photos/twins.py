"""Photos with equal pixels under several names: they share a group, and so a split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog.schema import photo, photo_group

if TYPE_CHECKING:
    from trainer.project.catalog.store import Store

__all__ = ["Twins", "join_twins", "split_twins"]


@dataclass(frozen=True)
class Twins:
    """Labelled photos with equal pixels in different splits; relative paths, and the split of each."""

    names: tuple[str, ...]
    splits: tuple[str, ...]

    @property
    def text(self) -> str:
        """The photos with their splits."""
        return ", ".join(f"{n} ({s})" for n, s in zip(self.names, self.splits, strict=True))


def join_twins(store: Store, connection: sa.Connection, identity: str) -> None:
    """Bring photos with equal pixels into one group, as far as they have no mask yet.

    The group of one with a mask is taken, else one that was named, else that of the first.
    """
    same = sa.select(photo.c.id, photo.c.relpath, photo.c.group_name, photo.c.split, photo.c.head).where(
        photo.c.sha256 == identity
    )
    rows = connection.execute(same).all()
    if len({row.group_name for row in rows}) < 2:
        return
    named = set(
        connection.execute(
            sa.select(photo_group.c.name).where(photo_group.c.name.in_({row.group_name for row in rows}))
        ).scalars()
    )
    first = min(rows, key=lambda row: (row.head is None, row.group_name not in named, row.id))
    for row in rows:
        if row.head is None and row.group_name != first.group_name:
            connection.execute(
                sa.update(photo)
                .where(photo.c.id == row.id)
                .values(group_name=first.group_name, split=first.split)
            )
            store.events.write(connection, "same photo", "store", row.id, of=first.relpath, split=first.split)


def split_twins(connection: sa.Connection) -> list[Twins]:
    """Find labelled photos with equal pixels that stand in different splits."""
    labelled = sa.and_(photo.c.sha256.is_not(None), photo.c.head.is_not(None))
    several = (
        sa.select(photo.c.sha256)
        .where(labelled)
        .group_by(photo.c.sha256)
        .having(sa.func.count(sa.distinct(photo.c.split)) > 1)
    )
    query = sa.select(photo.c.sha256, photo.c.relpath, photo.c.split).where(
        labelled, photo.c.sha256.in_(several)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for identity, relpath, split in connection.execute(query.order_by(photo.c.id)):
        found.setdefault(identity, []).append((relpath, split))
    return [Twins(tuple(n for n, _ in pairs), tuple(s for _, s in pairs)) for pairs in found.values()]
