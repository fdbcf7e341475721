"""Proof of a purge: every table and every file of the project is searched for what was known of the photo.

Pixels are found by the names of the files that hold them: hashes of the photo's content, or its number. What
bears neither, as a page that somebody wrote there, is searched for the name; pictures of unknown origin are
listed for a person to look at.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog import schema
from trainer.project.catalog.schema_privacy import purged
from trainer.project.maintenance.janitor import find_orphans
from trainer.project.privacy.purge_files import cached_files, learning_rounds
from trainer.project.privacy.purge_rows import MADE_FROM_IT, speaking_columns, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.project.privacy.traces import Traces
    from trainer.project.project import Project

__all__ = ["Looked", "Proof", "prove"]

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".svg", ".pdf"})
WEIGHTS = frozenset({".safetensors", ".npy", ".npz", ".pt", ".onnx"})
"""Numbers, in which no name can be found; they are told by their own names."""
DATABASE = ("catalog.sqlite", "catalog.sqlite-wal")
PART = 16 * 2**20
SMALL = 64 * 2**20


@dataclass(frozen=True)
class Looked:
    """One place that was searched: how many tables, rows or files, and what of the photo is still there."""

    place: str
    looked_at: int
    remains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """Result of a search of the whole project.

    Attributes
    ----------
    looked : tuple of Looked
        The places.
    pictures : tuple of str
        Pictures in the project of which nobody can tell what they show.
    """

    looked: tuple[Looked, ...]
    pictures: tuple[str, ...] = ()

    @property
    def remains(self) -> tuple[str, ...]:
        """All that is still there."""
        return tuple(item for place in self.looked for item in place.remains)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.remains

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return {"clean": self.is_clean, **asdict(self)}


def prove(project: Project, traces: Traces) -> Proof:
    """Search the whole project for a photo; changes nothing.

    What is meant to stay is no find: the masks unless they were to go, and the bare number in the record of
    who did what.
    """
    files, pictures = _files(project, traces)
    return Proof((*_catalog(project, traces), *files), tuple(pictures))


def _catalog(project: Project, traces: Traces) -> Iterator[Looked]:
    tables = schema.metadata.sorted_tables
    with project.catalog.read() as connection:
        rows = [f"{name} of photo {traces.photo_id}" for name in _rows_left(connection, traces)]
        yield Looked("catalog: rows under its number", len(MADE_FROM_IT) + 2, tuple(rows))
        texts = [f"table {table.name}" for table in tables if _speaks(connection, table, traces)]
        yield Looked("catalog: texts and hashes of all tables", len(tables), tuple(texts))


def _rows_left(connection: sa.Connection, traces: Traces) -> Iterator[str]:
    own = {**MADE_FROM_IT, "row": schema.photo}
    if traces.masks:
        own["mask"] = schema.revision
    for name, table in own.items():
        number = table.c.id if table is schema.photo else table.c.photo_id
        if connection.execute(sa.select(number).where(number == traces.photo_id).limit(1)).first():
            yield name


def _speaks(connection: sa.Connection, table: sa.Table, traces: Traces) -> bool:
    if table in (schema.root, schema.root_place, purged):
        return False  # folders as a whole; salted hashes
    if table is schema.photo:
        photo = schema.photo
        same = sa.and_(
            photo.c.relpath == traces.relpath,
            photo.c.root_id.in_(sa.select(schema.root.c.id).where(schema.root.c.path == traces.root)),
        )
        if traces.sha256 is not None:
            same = sa.or_(same, photo.c.sha256 == traces.sha256)
        return connection.execute(sa.select(photo.c.id).where(same).limit(1)).first() is not None
    return any(
        traces.is_in(json.dumps(row[column.name], ensure_ascii=False))
        for row in texts_of(connection, table, traces)
        for column in speaking_columns(table)
    )


def _files(project: Project, traces: Traces) -> tuple[list[Looked], list[str]]:
    """Search every file of the project folder, by its name and, where it can hold text, by its content."""
    kept, own = set(traces.kept), set(traces.doomed)
    known = {path.relative_to(project.path).as_posix() for path in _named(project, traces)}
    counts: dict[str, int] = {}
    found: dict[str, list[str]] = {}
    pictures = []
    for path in _walk(project.path):
        name = path.relative_to(project.path).as_posix()
        top = name.partition("/")[0] if "/" in name else "project folder"
        counts[top] = counts.get(top, 0) + 1
        group = "/".join(name.split("/")[:2])
        if group in kept:
            continue
        if group in own or group in known or name in known or traces.is_in(path.name):
            found.setdefault(top, []).append(name)
        elif path.suffix.lower() in PICTURES:
            pictures.append(name)
        elif path.suffix.lower() not in WEIGHTS and _holds(path, traces, project):
            found.setdefault(top, []).append(name)
    return [Looked(top, counts[top], tuple(found.get(top, ()))) for top in sorted(counts)], pictures


def _named(project: Project, traces: Traces) -> Iterator[Path]:
    """Paths whose names say that they hold something of the photo, or that nothing names."""
    yield from cached_files(project.path, traces)
    yield from learning_rounds(project.path, traces)
    yield from find_orphans(project, 0.0)


def _walk(folder: Path) -> Iterator[Path]:
    for here, _, files in os.walk(folder):
        for name in sorted(files):
            yield Path(here) / name


def _holds(path: Path, traces: Traces, project: Project) -> bool:
    """Whether the content of a file speaks of the photo."""
    try:
        if path.name in DATABASE and path.parent == project.path:
            return _bytes_hold(path, _sure_words(project, traces))
        if path.stat().st_size > SMALL:
            return _bytes_hold(path, [word.encode() for word in traces.words])
        return traces.is_in(path.read_bytes().decode("utf-8", "replace"))
    except OSError:  # it went meanwhile
        return False


def _sure_words(project: Project, traces: Traces) -> list[bytes]:
    """Return what cannot stand in the database for another photo: there, texts have no gap between them."""
    photo = schema.photo
    sure = []
    with project.catalog.read() as connection:
        for word in traces.words:
            columns = (photo.c.relpath, photo.c.group_name, photo.c.stem)
            other = sa.or_(*(column.contains(word, autoescape=True) for column in columns))
            roots = schema.root.c.path.contains(word, autoescape=True)
            others = sa.select(photo.c.id).where(other).limit(1)
            if not (
                connection.execute(others).first()
                or connection.execute(sa.select(schema.root.c.id).where(roots).limit(1)).first()
            ):
                sure.append(word.encode("utf-8", "surrogateescape"))
    return sure


def _bytes_hold(path: Path, words: list[bytes]) -> bool:
    longest = max(map(len, words), default=1)
    with path.open("rb") as file:
        before = b""
        while part := file.read(PART):
            window = before + part
            if any(word in window for word in words):
                return True
            before = window[-longest:]
    return False
