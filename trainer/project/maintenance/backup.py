"""A copy of a project in one .tar file, made while people work in it."""

from __future__ import annotations

import io
import os
import sqlite3
import tarfile
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
import tomlkit

from trainer.atomic import replacing
from trainer.errors import ProjectError, StorageFullError
from trainer.labels.text_files import read_text
from trainer.project.catalog import schema, schema_choice
from trainer.project.files.filesystem import storage_errors
from trainer.project.project import FILE, Project
from trainer.settings.toml_file import PROJECT_SECTION

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["backup"]

_LEFT_OUT = {
    "cache",
    "catalog.sqlite",
    "catalog.sqlite-wal",
    "catalog.sqlite-shm",
    "trainer.lock",
    "trainer.pid",
    FILE,
}


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
    with _room_for(target):
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


@contextmanager
def _room_for(target: Path) -> Iterator[None]:
    """Say which disk it is that is full, or takes no file."""
    mend = "no half backup is left; name a place with more room, or free some"
    try:
        with storage_errors(target.parent):
            yield
    except StorageFullError as error:
        what = str(error).removeprefix(f"{target.parent}: ").partition(";")[0]
        raise StorageFullError(f"{target}: {what} that the backup goes to; {mend}") from error
    except sqlite3.Error as error:
        if "full" in str(error) or "disk" in str(error):
            raise StorageFullError(
                f"{target}: the disk that the backup goes to is full ({error}); {mend}"
            ) from error
        raise ProjectError(f"{target}: the catalog cannot be copied: {error}; see skinseg doctor") from error
    except OSError as error:
        raise ProjectError(
            f"{target}: cannot be written: {error.strerror or error}; name a folder in which you may write"
        ) from error


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
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(target)))
    try:
        with engine.begin() as copy_to, project.catalog.engine.connect() as source_of:
            source_of = source_of.execution_options(isolation_level="REPEATABLE READ")
            schema.metadata.create_all(copy_to)
            kept = (schema_choice.tally, schema_choice.tally_change)  # the copy counts for itself
            for table in [table for table in schema.metadata.sorted_tables if table not in kept]:
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
    document = tomlkit.parse(read_text(project.path / FILE))
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
