"""Rows of new photos: the group, split and place in the random order of each name that was found."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa

from trainer.project.catalog.schema import photo, photo_group
from trainer.project.photos.purged import PurgedPaths
from trainer.project.photos.scan import draw_of, split_of
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.project.catalog.store import Store

__all__ = ["Registrar", "group_splits"]


class NewPhoto(TypedDict):
    """The row of a photo that nothing is known of but its name."""

    root_id: int
    relpath: str
    stem: str
    group_name: str
    split: str
    state: PhotoState
    queued: int
    back: int
    draw: int


class Registrar:
    """Writes batches of names found below one root; photos that were purged are passed over.

    Attributes
    ----------
    purged : int
        How many were passed over.
    """

    def __init__(
        self,
        store: Store,
        root_id: int,
        prefix: str,
        group_of: Callable[[str], str | None],
        splits: dict[str, str],
    ) -> None:
        self._store = store
        self._root_id = root_id
        self._prefix = prefix
        self._group_of = group_of
        self._forced = splits
        self.purged = 0
        with store.catalog.read() as connection:
            self._splits = group_splits(connection)
            self._out = PurgedPaths(connection, store.salt, root_id)

    def add(self, names: list[str]) -> int:
        """Register names relative to the folder being added; returns how many were new."""
        groups, rows = [], []
        if self._out:
            found, names = names, [name for name in names if self._prefix + name not in self._out]
            self.purged += len(found) - len(names)
        for name in names:
            group = self._group_of(name)
            row = self._row(self._prefix + name, group)
            rows.append(row)
            if group is not None:
                groups.append({"name": group, "split": row["split"]})
        if not rows:
            return 0
        insert = self._store.catalog.insert
        with self._store.catalog.write() as connection:
            if groups:
                connection.execute(insert(photo_group).on_conflict_do_nothing(), groups)
            counted = connection.execution_options(preserve_rowcount=True)
            new = counted.execute(insert(photo).on_conflict_do_nothing(), rows).rowcount
            if new < len(rows):
                self._retry_broken(connection, [row["relpath"] for row in rows])
        self._store.catalog.fold_changes()  # PostgreSQL runs a statement a row, each with a change of its own
        return int(new)

    def _row(self, relpath: str, group: str | None) -> NewPhoto:
        own = f"{self._root_id}:{relpath}"
        return {
            "root_id": self._root_id,
            "relpath": relpath,
            "stem": os.path.splitext(relpath.rpartition("/")[2])[0],
            "group_name": own if group is None else group,
            "split": self._split(own) if group is None else self._split_of_group(group),
            "state": PhotoState.NEW,
            "queued": 1,
            "back": 0,
            "draw": draw_of(self._store.salt, own),
        }

    def _split(self, group: str) -> str:
        shares = self._store.settings.splits
        return split_of(self._store.salt, group, shares.val_share, shares.test_share)

    def _split_of_group(self, group: str) -> str:
        if group not in self._splits:
            self._splits[group] = self._forced.get(group) or self._split(group)
        return self._splits[group]

    def _retry_broken(self, connection: sa.Connection, relpaths: list[str]) -> None:
        broken = sa.select(photo.c.id, photo.c.relpath).where(
            photo.c.root_id == self._root_id, photo.c.state == PhotoState.BROKEN
        )
        names = set(relpaths)
        ids = [row.id for row in connection.execute(broken) if row.relpath in names]
        if ids:
            headed = photo.c.head.is_not(None)
            connection.execute(
                sa.update(photo)
                .where(photo.c.id.in_(ids))
                .values(
                    state=sa.case((headed, PhotoState.LABELLED), else_=PhotoState.NEW),
                    queued=sa.case((headed, 0), else_=1),
                    reason=None,
                )
            )


def group_splits(connection: sa.Connection) -> dict[str, str]:
    """Return the split of each group that was named so far."""
    return {row.name: row.split for row in connection.execute(sa.select(photo_group))}
