"""Unfinished work, put in safety every few seconds and found again after a crash."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from trainer.project.filesystem import make_private
from trainer.project.masks import MaskStore
from trainer.project.schema import draft
from trainer.project.zarr_store import read_group, write_group

__all__ = ["Draft", "DraftStore"]

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


class DraftStore(MaskStore):
    """Keeping and finding unfinished work."""

    def save_draft(
        self,
        photo_id: int,
        annotator: str,
        labels: Labels,
        provenance: Labels,
        base_revision: str | None,
        model_id: str | None = None,
    ) -> Draft:
        """Keep unfinished work: written under a new name, then named in the place of the one before.

        Raises
        ------
        StorageFullError
            If the disk is full; the draft before is still there.
        ReadOnlyError
            If the project is open for reading only.
        """
        before = self.draft(photo_id, annotator)
        self._require_writable()
        folder = self.path / "drafts"
        make_private(folder)
        path, checksum = write_group(folder, {"labels": labels, "provenance": provenance}, self.classes)
        made = Draft(photo_id, annotator, path, checksum, base_revision, model_id, time.time())
        row = {**vars(made), "path": path.relative_to(self.path).as_posix()}
        with self._change(durable=True) as connection:
            connection.execute(
                self.catalog.insert(draft)
                .values(row)
                .on_conflict_do_update(index_elements=["photo_id", "annotator"], set_=row)
            )
        if before is not None:
            shutil.rmtree(before.path, ignore_errors=True)
        return made

    def draft(self, photo_id: int, annotator: str) -> Draft | None:
        """The unfinished work of an annotator on a photo, if there is any."""
        found = self._drafts(draft.c.photo_id == photo_id, draft.c.annotator == annotator)
        return found[0] if found else None

    def drafts(self, annotator: str) -> list[Draft]:
        """All unfinished work of an annotator, the latest first."""
        return self._drafts(draft.c.annotator == annotator)

    def read_draft(self, of: Draft) -> tuple[Labels, Labels]:
        """Labels and provenance of a draft, uint8 (height, width) each.

        Raises
        ------
        MaskError
            If its files are damaged.
        """
        labels, provenance = read_group(of.path, of.checksum, "labels", "provenance")
        return labels, provenance

    def drop_draft(self, photo_id: int, annotator: str) -> None:
        """Forget unfinished work; nothing happens where there is none."""
        found = self.draft(photo_id, annotator)
        if found is None:
            return
        with self._change() as connection:
            connection.execute(
                sa.delete(draft).where(draft.c.photo_id == photo_id, draft.c.annotator == annotator)
            )
        shutil.rmtree(found.path, ignore_errors=True)

    def _drafts(self, *conditions: Any) -> list[Draft]:
        query = sa.select(draft).where(*conditions).order_by(draft.c.created.desc())
        with self.catalog.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [Draft(**{**row, "path": self.path / row["path"]}) for row in rows]
