"""Looking after a project: what is wrong with it, a copy of it, and what nobody needs any more."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import stat
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
import tomlkit

from trainer.atomic import replacing
from trainer.errors import ProjectError
from trainer.project import schema
from trainer.project.decode import HEIF
from trainer.project.filesystem import storage_errors
from trainer.project.project import FILE, Project
from trainer.project.states import PhotoState
from trainer.project.zarr_store import checksum_of
from trainer.settings.toml_file import PROJECT_SECTION

__all__ = ["Finding", "backup", "collect_orphans", "doctor"]

SAFE_SQLITE = (3, 51, 3)
"""SQLite before this has a rare bug when its write-ahead log starts again."""

LITTLE_SPACE = 2_000_000_000
_LEFT_OUT = {
    "cache",
    "catalog.sqlite",
    "catalog.sqlite-wal",
    "catalog.sqlite-shm",
    "trainer.lock",
    "trainer.pid",
    FILE,
}


@dataclass(frozen=True)
class Finding:
    """One thing that a doctor has to say: `level` is "error", "warning" or "note"."""

    level: Literal["error", "warning", "note"]
    what: str
    mend: str


def doctor(project: Project) -> list[Finding]:
    """Look for what is wrong with a project. Reads every current mask once; changes nothing."""
    return [
        *_catalog(project),
        *_masks(project),
        *_photos(project),
        *_folder(project),
        *_orphans_found(project),
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
        except OSError:
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
    orphans = _orphans(project, older_than=3600)
    if orphans:
        yield Finding(
            "note",
            f"{len(orphans)} groups of files belong to nothing",
            "the trainer removes them in passing; they do no harm",
        )


def collect_orphans(project: Project, older_than: float = 3600.0) -> int:
    """Remove groups that no row names and that are older than some seconds; returns how many.

    They are left where a program was killed between writing files and naming them, or where a newer
    prediction or draft took their place.

    Raises
    ------
    ReadOnlyError
        If the project is open for reading only.
    """
    project.require_writable()
    orphans = _orphans(project, older_than)
    for path in orphans:
        shutil.rmtree(path, ignore_errors=True)
    return len(orphans)


def _orphans(project: Project, older_than: float) -> list[Path]:
    before = time.time() - older_than
    found: list[Path] = []
    for name in ("masks", "predictions", "drafts"):
        folder = project.path / name
        if folder.is_dir():
            with os.scandir(folder) as entries:
                found += [folder / entry.name for entry in entries if _age(entry) < before]
    # Asked after looking: what was named in between is there, and what is not yet named is too young.
    with project.catalog.read() as connection:
        named = {
            path
            for table in (schema.revision, schema.prediction, schema.draft)
            for path in connection.execute(sa.select(table.c.path)).scalars()
        }
    return [path for path in found if path.relative_to(project.path).as_posix() not in named]


def _age(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return float("inf")


def backup(project: Project, out: str | Path) -> Path:
    """Copy a project into one .tar file, also while people work in it.

    The catalog is copied first, as it stood at one moment; the files it names never change. A catalog on
    PostgreSQL becomes an SQLite file, so that the copy opens anywhere. Left out are the cache, and the
    photos, which stay where they are. To restore, unpack it.

    Parameters
    ----------
    project : Project
        What to copy.
    out : str or Path
        A .tar file to make, or a folder to make one in.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ProjectError
        If the file is there already, or would lie inside the project.
    StorageFullError
        If the disk is full; no half file is left.
    """
    target = _target(project, Path(out).expanduser())
    with storage_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            replacing(target, durable=True) as partial,
            tempfile.TemporaryDirectory(dir=target.parent) as folder,
            tarfile.open(partial, "w") as tar,
        ):
            partial.chmod(0o600)
            _add_folder(tar)
            catalog = Path(folder) / "catalog.sqlite"
            _copy_catalog(project, catalog)
            tar.add(catalog, "catalog.sqlite")
            _add_project_file(project, tar)
            _add_files(project.path, tar)
    return target


def _target(project: Project, out: Path) -> Path:
    out = Path(os.path.abspath(out))
    if out.suffix != ".tar":
        out = out / f"{project.path.name}-{time.strftime('%Y%m%d-%H%M%S')}.tar"
    if out.exists():
        raise ProjectError(f"{out}: is there already; name another file for the backup")
    if project.path == out.parent or project.path in out.parents:
        raise ProjectError(f"{out}: lies inside the project; name a place outside, best on another disk")
    return out


def _copy_catalog(project: Project, target: Path) -> None:
    if project.catalog.is_sqlite:
        with project.catalog.read() as connection, closing(sqlite3.connect(target)) as copy:
            source = connection.connection.driver_connection
            assert isinstance(source, sqlite3.Connection)
            source.rollback()
            source.backup(copy)
        return
    engine = sa.create_engine(f"sqlite:///{target}")
    try:
        with engine.begin() as copy_to, project.catalog.engine.connect() as source_of:
            source_of = source_of.execution_options(isolation_level="REPEATABLE READ")
            schema.metadata.create_all(copy_to)
            for table in schema.metadata.sorted_tables:
                rows = source_of.execution_options(yield_per=5000).execute(sa.select(table)).mappings()
                for part in rows.partitions():
                    copy_to.execute(sa.insert(table), [dict(row) for row in part])
    finally:
        engine.dispose()


def _add_folder(tar: tarfile.TarFile) -> None:
    entry = tarfile.TarInfo(".")
    entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o700, int(time.time())
    tar.addfile(entry)


def _add_project_file(project: Project, tar: tarfile.TarFile) -> None:
    document = tomlkit.parse((project.path / FILE).read_text(encoding="utf-8"))
    section = document[PROJECT_SECTION]
    if isinstance(section, dict):
        section.pop("database", None)
    content = tomlkit.dumps(document).encode()
    entry = tarfile.TarInfo(FILE)
    entry.size, entry.mode, entry.mtime = len(content), 0o600, int(time.time())
    tar.addfile(entry, io.BytesIO(content))


def _add_files(place: Path, tar: tarfile.TarFile) -> None:
    for folder, folders, files in os.walk(place):
        here = Path(folder)
        if here == place:
            folders[:] = [name for name in folders if name not in _LEFT_OUT]
            files = [name for name in files if name not in _LEFT_OUT]
        for name in (*folders, *files):
            path = here / name
            try:
                tar.add(path, path.relative_to(place).as_posix(), recursive=False)
            except FileNotFoundError:  # a draft or prediction that was replaced meanwhile
                continue
