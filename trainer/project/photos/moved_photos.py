"""Known photos whose files have gone: found again by their pixels under new names, or marked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.errors import PhotoError
from trainer.project.catalog.schema import photo
from trainer.project.files.decode import hash_file
from trainer.project.files.identity import identity_of, is_identity
from trainer.project.photo import Root, file_name, stem
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from trainer.project.catalog.store import Store

__all__ = ["follow_moved", "is_same_folder", "mark_gone"]

_PROBES = 20
"""Photos that are compared before a folder counts as another one at a new place."""

_PART = 500  # ids in one statement


def is_same_folder(store: Store, old: Root, new: Path, names: Collection[str]) -> bool:
    """Whether the photos of a registered folder that is not there lie in another one, under the same names.

    Only photos that were opened before can tell; one that differs is enough to say no.
    """
    query = sa.select(photo.c.relpath, photo.c.sha256).where(
        photo.c.root_id == old.id, photo.c.sha256.is_not(None)
    )
    with store.catalog.read() as connection:
        known = [row for row in connection.execute(query.order_by(photo.c.draw)) if row.relpath in names]
    probes = known[:_PROBES]
    return bool(probes) and all(_is_same(store, new / row.relpath, row.sha256) for row in probes)


def follow_moved(store: Store, roots: Sequence[Root], root_id: int, prefix: str, names: list[str]) -> int:
    """Give photos whose files have gone the new names under which their pixels are found.

    They keep masks, group and split. Files are opened only where some have gone, and only those with the
    name or the size of one that has.

    Parameters
    ----------
    store : Store
        Where photos are known.
    roots : sequence of Root
        All registered folders.
    root_id, prefix
        Where the names were found.
    names : list of str
        Relative to the folder that was searched.

    Returns
    -------
    int
        Photos that were found again.
    """
    places = {root.id: root.path for root in roots}
    query = sa.select(
        photo.c.id, photo.c.root_id, photo.c.relpath, photo.c.sha256, photo.c.size, photo.c.head
    ).where(photo.c.sha256.is_not(None))
    here = {f"{prefix}{name}" for name in names}
    with store.catalog.read() as connection:
        opened = [
            row
            for row in connection.execute(query)
            if (row.root_id != root_id or row.relpath not in here) and row.root_id in places
        ]
        gone = [row for row in opened if not os.path.lexists(places[row.root_id] / row.relpath)]
        if not gone:
            return 0
        mine = sa.select(photo.c.relpath).where(photo.c.root_id == root_id)
        fresh = here - set(connection.execute(mine).scalars())
    sizes, last_names = {row.size for row in gone}, {file_name(row.relpath) for row in gone}
    moved = 0
    for name in sorted(fresh):
        path = places[root_id] / name
        try:
            status = path.stat()
        except OSError:
            continue
        if status.st_size not in sizes and file_name(name) not in last_names:
            continue
        same = [row for row in gone if _is_same(store, path, row.sha256)]
        if not same:
            continue
        row = max(same, key=lambda row: (row.head is not None, file_name(row.relpath) == file_name(name)))
        gone.remove(row)
        _rename(store, row.id, root_id, name, status)
        moved += 1
    return moved


def _is_same(store: Store, path: Path, known: str) -> bool:
    try:
        if is_identity(known):
            return identity_of(path, store.settings.photos.max_pixels) == known
        return hash_file(path) == known
    except PhotoError:
        return False


def _rename(store: Store, photo_id: int, root_id: int, relpath: str, status: os.stat_result) -> None:
    headed = photo.c.head.is_not(None)
    was_broken = photo.c.state == PhotoState.BROKEN
    with store.catalog.write() as connection:
        before = connection.execute(sa.select(photo.c.relpath).where(photo.c.id == photo_id)).scalar_one()
        connection.execute(
            sa.update(photo)
            .where(photo.c.id == photo_id)
            .values(
                root_id=root_id,
                relpath=relpath,
                stem=stem(relpath),
                size=status.st_size,
                mtime=status.st_mtime,
                queued=sa.case((sa.and_(was_broken, ~headed), 1), else_=photo.c.queued),
                reason=sa.case((was_broken, None), else_=photo.c.reason),
                state=sa.case(
                    (sa.and_(was_broken, headed), PhotoState.LABELLED),
                    (was_broken, PhotoState.NEW),
                    else_=photo.c.state,
                ),
            )
        )
        store.events.write(connection, "moved", "store", photo_id, before=before, now=relpath)


def mark_gone(store: Store, root: Root, prefix: str, names: list[str]) -> int:
    """Mark the photos of a searched folder whose files are not there any more; returns how many are gone."""
    here = {f"{prefix}{name}" for name in names}
    query = sa.select(photo.c.id, photo.c.relpath, photo.c.state).where(photo.c.root_id == root.id)
    if prefix:
        query = query.where(photo.c.relpath.startswith(prefix, autoescape=True))
    with store.catalog.read() as connection:
        missing = [row for row in connection.execute(query) if row.relpath not in here]
    gone = [row for row in missing if not os.path.lexists(root.path / row.relpath)]
    fresh = [row.id for row in gone if row.state != PhotoState.BROKEN]
    for start in range(0, len(fresh), _PART):
        with store.catalog.write() as connection:
            connection.execute(
                sa.update(photo)
                .where(photo.c.id.in_(fresh[start : start + _PART]))
                .values(
                    state=PhotoState.BROKEN,
                    reason="is gone; put it back and add its folder again",
                    queued=0,
                )
            )
    return len(gone)
