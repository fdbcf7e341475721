"""Masks: each save is a new revision that never changes; the head says which one is current."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from trainer.errors import ConflictError, MaskError
from trainer.labels.values import ACCEPTED
from trainer.project.filesystem import make_private
from trainer.project.photos import Photo, Photos
from trainer.project.schema import draft, photo, revision, score
from trainer.project.store import Store
from trainer.project.zarr_store import read_group, write_group

__all__ = ["MaskConflictError", "Masks", "Revision", "Truth"]


Labels = npt.NDArray[np.uint8]
Kind = Literal["save", "part", "import", "revert"]


@dataclass(frozen=True)
class Revision:
    """One saved state of a photo's mask."""

    id: str
    photo_id: int
    parent_id: str | None
    path: Path
    annotator: str
    created: float
    kind: str
    model_id: str | None
    checksum: str
    truth_pixels: int
    seconds: float | None = None
    strokes: int | None = None


@dataclass(frozen=True)
class Truth:
    """A photo that has pixels to learn from."""

    photo_id: int
    group: str
    revision_id: str
    path: Path


class MaskConflictError(ConflictError):
    """Another revision became current meanwhile; this one is stored too.

    Attributes
    ----------
    revision : Revision
        The revision that was stored but did not become current.
    """

    def __init__(self, message: str, revision: Revision) -> None:
        super().__init__(message)
        self.revision = revision


class Masks:
    """Saving, reading and undoing masks."""

    def __init__(self, store: Store, photos: Photos) -> None:
        self._store = store
        self._photos = photos

    def save(
        self,
        photo_id: int,
        labels: Labels,
        provenance: Labels,
        annotator: str,
        expected: str | None,
        kind: Kind = "save",
        model_id: str | None = None,
        seconds: float | None = None,
        strokes: int | None = None,
    ) -> Revision:
        """Store a mask and make it the current one, if the current one is still `expected`.

        The files are on the disk before the one commit that names them; afterwards nothing short of losing
        the disk loses the mask. The annotator's draft of this photo goes with the same commit.

        Parameters
        ----------
        photo_id : int
            The photo.
        labels, provenance : uint8 (height, width)
            As shown to the annotator, in upright pixels.
        annotator : str
            Who made it.
        expected : str or None
            Id of the revision that the work began from; None where there was none.
        kind : {"save", "part", "import"}
            A part leaves the photo in the queue.
        model_id : str, optional
            Whose suggestion the work began from.
        seconds : float, optional
            Time the annotator spent.
        strokes : int, optional
            Strokes the annotator needed.

        Raises
        ------
        MaskConflictError
            If another revision has become current; this one is stored too, see its `revision`.
        MaskError
            If the mask does not fit the photo or the classes.
        StorageFullError
            If the disk is full. Nothing saved before is lost.
        ReadOnlyError
            If the project is open for reading only.
        """
        known = self._fitting(photo_id, labels, provenance)
        self._store.require_writable()
        folder = self._store.path / "masks"
        make_private(folder)
        path, checksum = write_group(
            folder,
            {"labels": labels, "provenance": provenance},
            self._store.classes,
            {"photo": known.relpath},
        )
        made = Revision(
            id=path.stem,
            photo_id=photo_id,
            parent_id=expected,
            path=path,
            annotator=annotator,
            created=time.time(),
            kind=kind,
            model_id=model_id,
            checksum=checksum,
            truth_pixels=int(np.count_nonzero((provenance >= ACCEPTED) & (labels > 0))),
            seconds=seconds,
            strokes=strokes,
        )
        self._publish(made, expected)
        return made

    def _publish(self, made: Revision, expected: str | None) -> None:
        with self._store.change(durable=True) as connection:
            self._insert(connection, made)
            current = self._swap_head(connection, made.photo_id, expected, made.id, made.kind)
            done: list[str] = []
            if current is None:
                mine = sa.and_(draft.c.photo_id == made.photo_id, draft.c.annotator == made.annotator)
                done = list(connection.execute(sa.select(draft.c.path).where(mine)).scalars())
                connection.execute(sa.delete(draft).where(mine))
            event = made.kind if current is None else "conflict"
            self._store.events.write(connection, event, made.annotator, made.photo_id, revision=made.id)
        for path in done:
            shutil.rmtree(self._store.path / path, ignore_errors=True)
        if current is not None:
            name = self._photos.get(made.photo_id).relpath
            raise MaskConflictError(
                f"{name}: {current} saved this photo meanwhile; both masks are "
                "kept, theirs stands: save again to make yours stand, or see skinseg history",
                made,
            )

    def _insert(self, connection: sa.Connection, made: Revision) -> None:
        values = {**vars(made), "path": made.path.relative_to(self._store.path).as_posix()}
        connection.execute(sa.insert(revision).values(values))

    def _swap_head(
        self, connection: sa.Connection, photo_id: int, expected: str | None, to: str | None, kind: str
    ) -> str | None:
        """Compare and set; returns who was first if the head is not as expected."""
        values: dict[str, Any] = {"head": to, "state": "labelled", "queued": 0, "reason": None}
        if to is None:
            values |= {"state": "new", "queued": 1}
        elif kind == "part":  # work goes on later, unless the photo was finished before
            done = photo.c.state == "labelled"
            values |= {
                "state": sa.case((done, "labelled"), else_="part"),
                "queued": sa.case((done, 0), else_=1),
            }
        found = connection.execute(
            sa.update(photo)
            .where(photo.c.id == photo_id, photo.c.head.is_not_distinct_from(expected))
            .values(values)
        )
        if found.rowcount == 1:
            connection.execute(sa.delete(score).where(score.c.photo_id == photo_id))
            return None
        current = connection.execute(
            sa.select(revision.c.annotator)
            .join(photo, photo.c.head == revision.c.id)
            .where(photo.c.id == photo_id)
        ).scalar()
        return str(current) if current is not None else "somebody"

    def _fitting(self, photo_id: int, labels: Labels, provenance: Labels) -> Photo:
        known = self._photos.get(photo_id)
        if known.height is None or known.width is None:
            known = self._photos.probe(photo_id)
        for name, values, highest in (
            ("labels", labels, self._store.classes.count),
            ("provenance", provenance, 3),
        ):
            if values.dtype != np.uint8 or values.shape != (known.height, known.width):
                raise MaskError(
                    f"{known.relpath}: {name} are {values.dtype} {values.shape}, but the photo needs uint8 "
                    f"({known.height}, {known.width})"
                )
            if int(values.max(initial=0)) > highest:
                raise MaskError(f"{known.relpath}: {name} hold {values.max()}, the highest is {highest}")
        return known

    def head(self, photo_id: int) -> Revision | None:
        """The current revision of a photo's mask, if it has one."""
        query = sa.select(revision).join(photo, photo.c.head == revision.c.id).where(photo.c.id == photo_id)
        with self._store.catalog.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else self._revision(row)

    def history(self, photo_id: int) -> list[Revision]:
        """All revisions of a photo's mask, the latest first; conflicting ones too."""
        query = sa.select(revision).where(revision.c.photo_id == photo_id)
        query = query.order_by(revision.c.created.desc(), revision.c.id)
        with self._store.catalog.read() as connection:
            return [self._revision(row) for row in connection.execute(query).mappings()]

    def revision(self, revision_id: str) -> Revision:
        """One revision by its id.

        Raises
        ------
        MaskError
            If there is none.
        """
        with self._store.catalog.read() as connection:
            row = (
                connection.execute(sa.select(revision).where(revision.c.id == revision_id))
                .mappings()
                .one_or_none()
            )
        if row is None:
            raise MaskError(f"{self._store.path}: there is no mask revision {revision_id!r}")
        return self._revision(row)

    def _revision(self, row: Any) -> Revision:
        return Revision(**{**row, "path": self._store.path / row["path"]})

    def read(self, of: Revision) -> tuple[Labels, Labels]:
        """Labels and provenance of a revision, uint8 (height, width) each.

        Raises
        ------
        MaskError
            If its files are damaged.
        """
        labels, provenance = read_group(of.path, of.checksum, "labels", "provenance")
        return labels, provenance

    def check(self, of: Truth) -> None:
        """Compare the files of a mask with its checksum, without decoding them.

        Raises
        ------
        MaskError
            If they are damaged or gone.
        """
        read_group(of.path, self.revision(of.revision_id).checksum)

    def revert(self, photo_id: int, to_revision_id: str | None, annotator: str) -> Revision | None:
        """Make an earlier revision current again; the history keeps all that came after it.

        Parameters
        ----------
        photo_id : int
            The photo.
        to_revision_id : str or None
            One of its revisions; None takes the first save back, and the photo is unlabelled again.
        annotator : str
            Who decides.

        Raises
        ------
        MaskError
            If the revision is not of this photo, or its files are damaged.
        ConflictError
            If somebody saves at the same moment.
        """
        current = self.head(photo_id)
        before = None if current is None else current.id
        if to_revision_id is None:
            with self._store.change(durable=True) as connection:
                first = self._swap_head(connection, photo_id, before, None, "revert")
                if first is None:
                    self._store.events.write(connection, "revert", annotator, photo_id, revision=None)
            if first is not None:
                raise ConflictError(f"photo {photo_id}: {first} saved it at the same moment; look again")
            return None
        target = self.revision(to_revision_id)
        if target.photo_id != photo_id:
            raise MaskError(f"the revision {to_revision_id} belongs to another photo")
        self.read(target)
        made = Revision(
            **{
                **vars(target),
                "id": f"{target.path.stem}-{time.time_ns():x}",
                "parent_id": before,
                "annotator": annotator,
                "created": time.time(),
                "kind": "revert",
                "seconds": None,
                "strokes": None,
            }
        )
        self._publish(made, before)
        return made

    def truth(self, split: str | None = None) -> list[Truth]:
        """Photos with pixels to learn from or to compare with, the latest saved first."""
        query = (
            sa.select(photo.c.id, photo.c.group_name, revision.c.id.label("revision_id"), revision.c.path)
            .join(revision, photo.c.head == revision.c.id)
            .where(photo.c.head.is_not(None), photo.c.state != "broken", revision.c.truth_pixels > 0)
            .order_by(revision.c.created.desc(), photo.c.id)
        )
        if split is not None:
            query = query.where(photo.c.split == split)
        with self._store.catalog.read() as connection:
            return [
                Truth(row.id, row.group_name, row.revision_id, self._store.path / row.path)
                for row in connection.execute(query)
            ]

    def read_truth(self, of: int | Revision | Truth) -> Labels:
        """Targets of a photo, revision or `Truth`: uint8 (height, width), class index or `IGNORE`.

        Raises
        ------
        MaskError
            If the photo has no mask, or its files are damaged.
        """
        if isinstance(of, Truth):
            of = self.revision(of.revision_id)
        elif not isinstance(of, Revision):
            found = self.head(int(of))
            if found is None:
                raise MaskError(f"{self._photos.get(int(of)).relpath}: has no mask yet")
            of = found
        labels, provenance = self.read(of)
        return np.where(provenance >= ACCEPTED, labels, np.uint8(0)) - np.uint8(1)
