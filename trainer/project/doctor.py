"""Faults of a project: of its catalog, masks, photos and folder, each with its mend."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

from trainer.project.catalog import schema
from trainer.project.files.decode import HEIF
from trainer.project.files.zarr_store import checksum_of
from trainer.project.maintenance.janitor import find_orphans
from trainer.project.maintenance.model_files import fault_of, is_whole, models_to_prune, size_of
from trainer.project.photos.twins import split_twins
from trainer.project.privacy.purge import unfinished
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.project.project import Project

__all__ = ["Finding", "doctor"]

SAFE_SQLITE = (3, 51, 3)
"""SQLite before this has a rare bug when its write-ahead log starts again."""

LITTLE_SPACE = 2_000_000_000


@dataclass(frozen=True)
class Finding:
    """One fault or remark: `level` is "error", "warning" or "note"."""

    level: Literal["error", "warning", "note"]
    what: str
    mend: str


def doctor(project: Project) -> list[Finding]:
    """Look for faults of a project. Reads every current mask once; changes nothing."""
    return [
        *_catalog(project),
        *_masks(project),
        *_photos(project),
        *_models(project),
        *_folder(project),
        *_orphans_found(project),
        *_purges(project),
    ]


def _catalog(project: Project) -> Iterator[Finding]:
    if not project.catalog.is_sqlite:
        return
    with project.catalog.read() as connection:
        verdict = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    if verdict != "ok":
        yield Finding("error", f"the catalog is damaged: {verdict}", "put back the latest backup")
    if sqlite3.sqlite_version_info < SAFE_SQLITE:
        wanted = ".".join(map(str, SAFE_SQLITE))
        yield Finding(
            "note",
            f"SQLite {sqlite3.sqlite_version} has a rare bug in its write-ahead log, mended in {wanted}",
            "keep backups, or use a newer Python or PostgreSQL",
        )


def _masks(project: Project) -> Iterator[Finding]:
    query = sa.select(
        schema.photo.c.id, schema.photo.c.relpath, schema.revision.c.path, schema.revision.c.checksum
    ).join(schema.revision, schema.revision.c.id == schema.photo.c.head)
    with project.catalog.read() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        try:
            good = checksum_of(project.path / row.path) == row.checksum
        except (OSError, TypeError):  # gone, or its row is damaged
            good = False
        if not good:
            yield Finding(
                "error",
                f"the mask of {row.relpath} is damaged ({row.path})",
                "put its folder back from a backup, take an earlier one (skinseg history), or save it anew",
            )


def _photos(project: Project) -> Iterator[Finding]:
    for root in project.registration.roots():
        if not root.path.is_dir():
            yield Finding(
                "error",
                f"the photo folder {root.path} cannot be found on this machine",
                "plug its disk in, or say where it is now: skinseg move PROJECT OLD NEW",
            )
    query = sa.select(schema.photo.c.relpath, schema.photo.c.reason).where(
        schema.photo.c.state == PhotoState.BROKEN
    )
    with project.catalog.read() as connection:
        broken = connection.execute(query.limit(20)).all()
    for row in broken:
        what, _, mend = str(row.reason).partition("; ")
        yield Finding("warning", f"{row.relpath}: {what}", mend or "mend the file and add its folder again")
    counts = project.photos.counts()
    if counts.broken > len(broken):
        yield Finding("warning", f"{counts.broken - len(broken)} more photos are broken", "look at the log")
    with project.catalog.read() as connection:
        apart = split_twins(connection)
    for twins in apart:
        yield Finding(
            "warning",
            f"the same photo is labelled in different splits: {twins.text}",
            "scores on it are too good; take one of the files away and add its folder again",
        )
    if counts.photos == 0:
        yield Finding("warning", "the project has no photos", "add some: skinseg add DIR FOLDER")
    elif counts.by_split["val"][0] == 0:
        yield Finding(
            "warning",
            "no photo is in the validation split: models cannot be compared",
            "add photos of more groups, or say the splits in a groups file",
        )
    if not HEIF:
        yield Finding("note", "HEIC photos cannot be read", "pip install 'napari-skinseg[heic]'")


def _models(project: Project) -> Iterator[Finding]:
    served = project.models.served()
    if served is not None and (fault := fault_of(served.path)):
        yield Finding(
            "error",
            f"the served model {served.id} cannot be used: {fault}",
            "put its folder back from a backup, serve another (skinseg models PROJECT promote ID), or train",
        )
    there = [model for model in project.models.all() if is_whole(model)]
    old = models_to_prune(project, project.settings.service.keep_models or len(there))
    if old:
        size = sum(size_of(model.path) for model in old)
        yield Finding(
            "note",
            f"{len(there):,} models have their files, {len(old):,} of no more use ({size / 1e6:.0f} MB)",
            "the trainer removes them in passing; or: skinseg models PROJECT prune",
        )


def _folder(project: Project) -> Iterator[Finding]:
    if project.read_only and not os.access(project.path, os.W_OK):
        yield Finding("warning", project.read_only_reason, "ask its owner for write access to annotate")
    if os.name == "posix" and stat.S_IMODE(project.path.stat().st_mode) & 0o077:
        yield Finding(
            "warning",
            "other users of this machine can enter the project folder, which shows patients",
            f"chmod 700 {project.path}",
        )
    free = shutil.disk_usage(project.path).free
    if free < LITTLE_SPACE:
        yield Finding(
            "warning", f"only {free / 1e9:.1f} GB are free on the project's disk", "free some space"
        )


def _orphans_found(project: Project) -> Iterator[Finding]:
    orphans = find_orphans(project, older_than=3600)
    if orphans:
        yield Finding(
            "note",
            f"{len(orphans)} groups of files belong to nothing",
            "the trainer removes them in passing; they do no harm",
        )


def _purges(project: Project) -> Iterator[Finding]:
    for photo_id in unfinished(project):
        yield Finding(
            "error",
            f"the purge of photo {photo_id} was interrupted: traces of it are left",
            f"finish it: skinseg purge {project.path} {photo_id}",
        )
