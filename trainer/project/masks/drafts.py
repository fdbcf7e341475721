"""Drafts: unfinished work, saved every few seconds and found again after a crash."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from trainer.project.catalog.schema import draft
from trainer.project.files.filesystem import make_private
from trainer.project.files.zarr_store import read_arrays, read_attributes, write_arrays

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.project.catalog.store import Store
    from trainer.project.photo import Photo

__all__ = ["Draft", "Drafts"]

Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Draft:
    """Unfinished work of one annotator on one photo."""

    photo_id: int
    annotator: str
    path: Path
    checksum: str
    base_revision: str | None
    model_id: str | None
    created: float


class Drafts:
    """Keeping and finding unfinished work."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(
        self,
        photo_id: int,
        annotator: str,
        labels: Labels,
        provenance: Labels,
        base_revision: str | None,
        model_id: str | None = None,
        sha256: str | None = None,
    ) -> Draft:
        """Keep unfinished work: written under a new name, then named in the place of the one before.

        Parameters
        ----------
        sha256 : str, optional
            Of the photo that it was drawn on, as it was read.

        Raises
        ------
        StorageFullError
            If the disk is full; the draft before is still there.
        ReadOnlyError
            If the project is open for reading only.
        """
        before = self.get(photo_id, annotator)
        self._store.require_writable()
        folder = self._store.path / "drafts"
        make_private(folder)
        path, checksum = write_arrays(
            folder, {"labels": labels, "provenance": provenance}, self._store.classes, {"sha256": sha256}
        )
        made = Draft(photo_id, annotator, path, checksum, base_revision, model_id, time.time())
        row = {**vars(made), "path": path.relative_to(self._store.path).as_posix()}
        with self._store.catalog.write(durable=True) as connection:
            connection.execute(
                self._store.catalog.insert(draft)
                .values(row)
                .on_conflict_do_update(index_elements=["photo_id", "annotator"], set_=row)
            )
        if before is not None:
            shutil.rmtree(before.path, ignore_errors=True)
        return made

    def get(self, photo_id: int, annotator: str) -> Draft | None:
        """Return the unfinished work of an annotator on a photo, if there is any."""
        found = self._drafts(draft.c.photo_id == photo_id, draft.c.annotator == annotator)
        return found[0] if found else None

    def of(self, annotator: str) -> list[Draft]:
        """All unfinished work of an annotator, the latest first."""
        return self._drafts(draft.c.annotator == annotator)

    def read(self, of: Draft) -> tuple[Labels, Labels]:
        """Read labels and provenance of a draft, uint8 (height, width) each.

        Raises
        ------
        MaskError
            If its files are damaged.
        """
        labels, provenance = read_arrays(of.path, of.checksum, "labels", "provenance")
        return labels, provenance

    def is_of(self, known: Photo, of: Draft) -> bool:
        """Tell whether a draft was drawn on these pixels of its photo; one that does not say is taken for so.

        Raises
        ------
        MaskError
            If its files are damaged.
        """
        drawn_on = read_attributes(of.path).get("skinseg", {}).get("sha256")
        return drawn_on is None or drawn_on == known.sha256

    def set_aside(self, of: Draft) -> Path:
        """Take unfinished work that is of no use out of the way; its files are kept where this says.

        Raises
        ------
        ReadOnlyError
            If the project is open for reading only.
        """
        self._store.require_writable()
        folder = self._store.path / "aside"
        make_private(folder)
        place = folder / of.path.name
        with suppress(OSError):  # gone, or held open on Windows: then it stays, and the janitor has it
            of.path.rename(place)
        with self._store.catalog.write() as connection:
            mine = sa.and_(draft.c.photo_id == of.photo_id, draft.c.annotator == of.annotator)
            connection.execute(sa.delete(draft).where(mine, draft.c.path == f"drafts/{of.path.name}"))
            self._store.events.write(
                connection, "draft set aside", of.annotator, of.photo_id, path=place.name
            )
        return place

    def drop(self, photo_id: int, annotator: str) -> None:
        """Forget unfinished work; nothing happens where there is none."""
        found = self.get(photo_id, annotator)
        if found is None:
            return
        with self._store.catalog.write() as connection:
            connection.execute(
                sa.delete(draft).where(draft.c.photo_id == photo_id, draft.c.annotator == annotator)
            )
        shutil.rmtree(found.path, ignore_errors=True)

    def _drafts(self, *conditions: sa.ColumnElement[bool]) -> list[Draft]:
        query = sa.select(draft).where(*conditions).order_by(draft.c.created.desc())
        with self._store.catalog.read() as connection:
            rows = connection.execute(query).mappings().all()
            return [Draft(**{**row, "path": self._store.path / row["path"]}) for row in rows]
