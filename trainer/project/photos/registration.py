"""Registering photos: folders are scanned by name, photos get their group, split and place in the queue."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.errors import ConfigError, PhotoError
from trainer.project.catalog.schema import photo, root, root_place
from trainer.project.files.decode import KINDS
from trainer.project.photo import Root
from trainer.project.photos.moved_photos import follow_moved, is_same_folder, mark_gone
from trainer.project.photos.photo_files import PassedOver, find_photos, readable_name
from trainer.project.photos.registrar import Registrar, group_splits
from trainer.project.photos.scan import (
    GroupRow,
    GroupTable,
    check_splits,
    group_rule,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.project.catalog.store import Store

__all__ = ["Added", "Registration", "Root"]

BATCH = 4000
"""Photos registered per transaction, so that others get their turn."""


@dataclass(frozen=True)
class Added:
    """Result of `add_folder`.

    Attributes
    ----------
    new, known : int
        Photos that were not known before, and that were.
    moved : int
        Of the known ones: those that were known under another name.
    gone : int
        Photos of the folder that are known and lie there no more.
    seconds : float
        Time it took.
    passed : PassedOver
        What was not taken.
    purged : int
        Photos that were purged from the project before, and stay out.
    """

    new: int
    known: int
    seconds: float
    moved: int = 0
    gone: int = 0
    passed: PassedOver = field(default_factory=PassedOver)
    purged: int = 0

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Folders and files that could not be taken."""
        return tuple(self.passed.unreadable)

    @property
    def lines(self) -> list[str]:
        """One line for each thing that was not as it should be."""
        lines = [f"could not be taken: {name}" for name in self.unreadable] + self.passed.lines
        if self.moved:
            lines.insert(0, f"{self.moved:,} photos have moved here; their masks, groups and splits followed")
        if self.purged:
            lines.append(f"{self.purged:,} photos were purged from this project before and stay out")
        if self.gone:
            lines.append(
                f"{self.gone:,} known photos lie here no more; put them back and add the folder again"
            )
        return lines


class Registration:
    """Registering folders of photos."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._root_paths: dict[int, Path] = {}

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
        place, rule, passed = _readable_folder(folder), group_rule(groups), PassedOver()
        found = find_photos(place, passed, leave_out=self._store.path)
        if not found:
            raise PhotoError(f"{place}: no photos here ({KINDS}){_instead(passed)}")
        followed = self._follow_folder(place, found)
        splits: dict[str, str] = {}
        group_of: Callable[[str], str | None]
        if isinstance(rule, GroupTable):
            with self._store.catalog.read() as connection:
                check_splits(rule, group_splits(connection))
            rows = rule.assign(found)  # all are checked before the first photo is registered
            self._check_registered(place, rule, rows)
            names = {name: row.group for name, row in rows.items()}
            splits, group_of = rule.splits, names.get
        else:
            group_of = rule
        root_id, prefix = self._root_for(place)
        moved = follow_moved(self._store, self.roots(), root_id, prefix, found)
        registrar = Registrar(self._store, root_id, prefix, group_of, splits)
        new = 0
        for start in range(0, len(found), BATCH):
            new += registrar.add(found[start : start + BATCH])
            if progress is not None:
                progress(min(len(found), start + BATCH))
        seen = len(found) - registrar.purged
        moved += seen - new if followed else 0
        here = next(known for known in self.roots() if known.id == root_id)
        gone = mark_gone(self._store, here, prefix, found)
        counts = {"new": new, "known": seen - new, "unreadable": len(passed.unreadable), "moved": moved}
        self._store.events.add("add", "store", folder=str(place), **counts)
        seconds = time.monotonic() - started
        return Added(new, seen - new, seconds, moved, gone, passed, registrar.purged)

    def _follow_folder(self, place: Path, found: list[str]) -> bool:
        """Notice that a registered folder which is not there lies here now; return whether one does."""
        known = self.roots()
        if any(place == root.path or root.path in place.parents for root in known):
            return False
        names = set(found)
        for old in known:
            if not old.path.is_dir() and is_same_folder(self._store, old, place, names):
                self.remap_root(old.path, place)
                return True
        return False

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
        """Return the root that a folder belongs to, and the folder's path below it; a new one if needed."""
        for known in self.roots():
            if place == known.path or known.path in place.parents:
                relative = place.relative_to(known.path).as_posix()
                return known.id, "" if relative == "." else f"{relative}/"
            if place in known.path.parents:
                raise ConfigError(
                    f"{place} holds {known.path}, which is registered already; add the folders beside it"
                )
        with self._store.catalog.write() as connection:
            done = connection.execute(sa.insert(root).values(path=str(place)))
            assert done.inserted_primary_key is not None
            root_id = int(done.inserted_primary_key[0])
            connection.execute(
                sa.insert(root_place).values(root_id=root_id, host=socket.gethostname(), path=str(place))
            )
        return root_id, ""

    def roots(self) -> list[Root]:
        """Return all registered folders with their places on this machine."""
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
                with self._store.catalog.write() as connection:
                    connection.execute(
                        self._store.catalog.insert(root_place)
                        .values(row)
                        .on_conflict_do_update(index_elements=["root_id", "host"], set_={"path": str(place)})
                    )
                    self._store.events.write(
                        connection, "remap", "store", old=str(known.path), new=str(place)
                    )
                self._root_paths = {}
                return
        names = ", ".join(str(known.path) for known in self.roots()) or "none"
        raise ConfigError(f"{old} is not a registered folder; these are: {names}")

    def root_path(self, root_id: int) -> Path:
        """Return the place of a root on this machine; kept until it is moved, as every photo asks for it."""
        paths = self._root_paths  # another thread may put an empty one in its place meanwhile
        if root_id not in paths:
            paths.update({known.id: known.path for known in self.roots()})
        return paths[root_id]


def _readable_folder(folder: str | Path) -> Path:
    place = Path(os.path.abspath(Path(folder).expanduser()))
    if not place.is_dir():
        raise PhotoError(f"{place}: there is no such folder of photos")
    if readable_name(str(place)) != str(place):
        raise PhotoError(f"{readable_name(str(place))}: this folder's name is not in UTF-8; rename it")
    if not os.access(place, os.R_OK | os.X_OK):
        raise PhotoError(f"{place}: this folder cannot be read; check its rights")
    return place


def _instead(passed: PassedOver) -> str:
    cannot = [f"{name} cannot be read" for name in passed.unreadable[:1]]
    return "".join(f"; {line}" for line in [*cannot, *passed.lines])
