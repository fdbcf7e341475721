"""Registering photos: folders are scanned by name, photos get their group, split and place in the queue."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from trainer.errors import ConfigError, PhotoError
from trainer.project.scan import (
    GroupRow,
    GroupTable,
    check_splits,
    draw_of,
    find_photos,
    group_rule,
    split_of,
)
from trainer.project.schema import photo, photo_group, root, root_place
from trainer.project.states import PhotoState
from trainer.project.store import Store

__all__ = ["Added", "Registration", "Root"]

BATCH = 4000
"""Photos registered per transaction, so that others get their turn."""


@dataclass(frozen=True)
class Added:
    """What `add_photos` did. `unreadable`: folders and files that could not be taken."""

    new: int
    known: int
    seconds: float
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Root:
    """A folder of photos: as registered, and where it lies on this machine."""

    id: int
    registered: Path
    path: Path


class Registration:
    """Registering folders of photos."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_folder(
        self,
        folder: str | Path,
        groups: str | Path | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Added:
        """Register all photos under a folder by their names alone; none is opened.

        Running it again finds what is new. Photos that were marked broken get another try.

        Parameters
        ----------
        folder : str or Path
            Where the photos lie; they stay there.
        groups : str or Path, optional
            A CSV file (photo, group[, split]) or a regular expression on the relative path.
        progress : callable, optional
            Called with the number of photos seen so far.

        Raises
        ------
        PhotoError
            If the folder is missing, cannot be read, or holds no photos.
        ConfigError
            If `groups` is not usable, or the folder holds one that is registered already.
        """
        started = time.monotonic()
        place = _readable_folder(folder)
        rule = group_rule(groups)
        unreadable: list[str] = []
        found: Iterable[str] = find_photos(place, unreadable.append, leave_out=self._store.path)
        splits: dict[str, str] = {}
        group_of: Callable[[str], str | None]
        if isinstance(rule, GroupTable):
            found = list(found)  # all rows are checked before the first photo is registered
            with self._store.catalog.read() as connection:
                check_splits(rule, _group_splits(connection))
            rows = rule.assign(found)
            self._check_registered(place, rule, rows)
            names = {name: row.group for name, row in rows.items()}
            splits, group_of = rule.splits, names.get
        else:
            group_of = rule
        found = iter(found)
        first = next(found, None)
        if first is None:
            detail = f"; {unreadable[0]} cannot be read" if unreadable else ""
            raise PhotoError(f"{place}: no photos here (JPEG, PNG, TIFF, WebP, BMP, HEIC){detail}")
        registrar = _Registrar(self._store, *self._root_for(place), group_of, splits)
        seen = new = 0
        for batch in _batches(chain([first], found)):
            new += registrar.add(batch)
            seen += len(batch)
            if progress is not None:
                progress(seen)
        self._store.events.add(
            "add", "store", folder=str(place), new=new, known=seen - new, unreadable=len(unreadable)
        )
        return Added(new, seen - new, time.monotonic() - started, tuple(unreadable))

    def _check_registered(self, place: Path, table: GroupTable, rows: dict[str, GroupRow]) -> None:
        """Refuse a groups file that gives a registered photo another group."""
        columns = (photo.c.relpath, photo.c.group_name)
        for known in self.roots():
            if place != known.path and known.path not in place.parents:
                continue
            prefix = place.relative_to(known.path).as_posix()
            by_path = {name if prefix == "." else f"{prefix}/{name}": row for name, row in rows.items()}
            query = sa.select(*columns).where(photo.c.root_id == known.id)
            with self._store.catalog.read() as connection:
                for relpath, group in connection.execute(query):
                    row = by_path.get(relpath)
                    if row is not None and row.group != group:
                        raise ConfigError(
                            f"{table.path}, line {row.line}: {relpath} is in the group {group!r} already; "
                            "a photo keeps its group"
                        )

    def _root_for(self, place: Path) -> tuple[int, str]:
        """The root that a folder belongs to, and the folder's path below it."""
        for known in self.roots():
            if place == known.path or known.path in place.parents:
                relative = place.relative_to(known.path).as_posix()
                return known.id, "" if relative == "." else f"{relative}/"
            if place in known.path.parents:
                raise ConfigError(
                    f"{place} holds {known.path}, which is registered already; add the folders beside it"
                )
        with self._store.change() as connection:
            done = connection.execute(sa.insert(root).values(path=str(place)))
            assert done.inserted_primary_key is not None
            root_id = int(done.inserted_primary_key[0])
            connection.execute(
                sa.insert(root_place).values(root_id=root_id, host=socket.gethostname(), path=str(place))
            )
        return root_id, ""

    def roots(self) -> list[Root]:
        """All registered folders, and where they lie on this machine."""
        here = sa.and_(root_place.c.root_id == root.c.id, root_place.c.host == socket.gethostname())
        query = sa.select(root.c.id, root.c.path, root_place.c.path.label("here"))
        query = query.select_from(root.outerjoin(root_place, here)).order_by(root.c.id)
        with self._store.catalog.read() as connection:
            return [
                Root(row.id, Path(row.path), Path(row.here or row.path)) for row in connection.execute(query)
            ]

    def remap_root(self, old: str | Path, new: str | Path) -> None:
        """Say where a registered folder lies on this machine now; other machines keep their own place.

        Raises
        ------
        ConfigError
            If `old` is not registered, or `new` is no folder.
        """
        place = Path(os.path.abspath(Path(new).expanduser()))
        if not place.is_dir():
            raise ConfigError(f"{place}: there is no such folder")
        wanted = {str(old), os.path.abspath(old)}
        for known in self.roots():
            if str(known.registered) in wanted or str(known.path) in wanted:
                row = {"root_id": known.id, "host": socket.gethostname(), "path": str(place)}
                with self._store.change() as connection:
                    connection.execute(
                        self._store.catalog.insert(root_place)
                        .values(row)
                        .on_conflict_do_update(index_elements=["root_id", "host"], set_={"path": str(place)})
                    )
                    self._store.events.write(
                        connection, "remap", "store", old=str(known.path), new=str(place)
                    )
                self._forget_roots()
                return
        names = ", ".join(str(known.path) for known in self.roots()) or "none"
        raise ConfigError(f"{old} is not a registered folder; these are: {names}")

    def _forget_roots(self) -> None:
        self.__dict__.pop("_root_paths", None)

    def root_path(self, root_id: int) -> Path:
        paths: dict[int, Path] = self.__dict__.setdefault("_root_paths", {})
        if root_id not in paths:
            paths.update({known.id: known.path for known in self.roots()})
        return paths[root_id]


class _Registrar:
    """Writes batches of names found below one root."""

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
        with store.catalog.read() as connection:
            self._splits = _group_splits(connection)

    def add(self, names: list[str]) -> int:
        """Register names relative to the folder being added; returns how many were new."""
        rows = [self._row(name) for name in names]
        insert = self._store.catalog.insert
        with self._store.change() as connection:
            groups = [{"name": row["group_name"], "split": row["split"]} for row in rows if row.pop("named")]
            if groups:
                connection.execute(insert(photo_group).on_conflict_do_nothing(), groups)
            counted = connection.execution_options(preserve_rowcount=True)
            new = counted.execute(insert(photo).on_conflict_do_nothing(), rows).rowcount
            if new < len(rows):
                self._retry_broken(connection, [row["relpath"] for row in rows])
        return int(new)

    def _row(self, name: str) -> dict[str, Any]:
        relpath = self._prefix + name
        own = f"{self._root_id}:{relpath}"
        group = self._group_of(name)
        return {
            "root_id": self._root_id,
            "relpath": relpath,
            "stem": os.path.splitext(relpath.rpartition("/")[2])[0],
            "group_name": own if group is None else group,
            "named": group is not None,
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


def _readable_folder(folder: str | Path) -> Path:
    place = Path(os.path.abspath(Path(folder).expanduser()))
    if not place.is_dir():
        raise PhotoError(f"{place}: there is no such folder of photos")
    if not os.access(place, os.R_OK | os.X_OK):
        raise PhotoError(f"{place}: this folder cannot be read; check its rights")
    return place


def _group_splits(connection: sa.Connection) -> dict[str, str]:
    return {row.name: row.split for row in connection.execute(sa.select(photo_group))}


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    source = iter(names)
    while batch := list(islice(source, BATCH)):
        yield batch
