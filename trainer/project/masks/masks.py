"""Masks: each save is a new revision that never changes; the head says which one is current."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from trainer.errors import ConflictError, MaskError
from trainer.labels.truth import count_truth, true_targets
from trainer.project.catalog.clock import next_time
from trainer.project.catalog.schema import draft, photo, revision
from trainer.project.files.filesystem import make_private
from trainer.project.files.zarr_store import read_arrays, write_arrays
from trainer.project.masks.heads import swap_head
from trainer.project.masks.truths import list_truth
from trainer.project.review.readings import begin_reading, is_second, keep_second
from trainer.project.revisions import Labels, MaskConflictError, Revision, Truth
from trainer.project.states import RevisionKind

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.project.catalog.store import Store
    from trainer.project.photos.photos import Photo, Photos

__all__ = ["Masks"]


class Masks:
    """Masks: saved, read, and reverted to earlier ones."""

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
        kind: RevisionKind = RevisionKind.SAVE,
        model_id: str | None = None,
        seconds: float | None = None,
        strokes: int | None = None,
    ) -> Revision:
        """Store a mask and make it the current one, if the current one is still `expected`.

        The files are on the disk before the one commit that names them; afterwards nothing short of losing
        the disk loses the mask. The annotator's draft of this photo goes with the same commit. The mask of a
        second reader is kept beside the current one, whatever `expected` says.

        Parameters
        ----------
        labels, provenance : uint8 (height, width)
            As shown to the annotator, in upright pixels.
        expected : str or None
            Id of the revision that the work began from; None where there was none.
        kind : RevisionKind
            A part leaves the photo in the queue.
        model_id : str, optional
            The model whose suggestion the work began from.
        seconds, strokes : float and int, optional
            Time and strokes that the annotator needed.

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
        path, checksum = self._write(known, labels, provenance)
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
            truth_pixels=count_truth(labels, provenance),
            seconds=seconds,
            strokes=strokes,
        )
        return self._publish(made, expected)

    def _write(self, known: Photo, labels: Labels, provenance: Labels) -> tuple[Path, str]:
        folder = self._store.path / "masks"
        make_private(folder)
        arrays = {"labels": labels, "provenance": provenance}
        return write_arrays(folder, arrays, self._store.classes, {"photo": known.relpath})

    def _publish(self, made: Revision, expected: str | None, keep_draft: bool = False) -> Revision:
        of_photo = revision.c.photo_id == made.photo_id
        with self._store.catalog.write(durable=True) as connection:
            made = replace(made, created=next_time(connection, revision.c.created, of_photo))
            values = {**vars(made), "path": made.path.relative_to(self._store.path).as_posix()}
            connection.execute(sa.insert(revision).values(values))
            if second := is_second(connection, self._store, made.photo_id, made.annotator):
                keep_second(connection, made)
                current = None
            else:
                current = swap_head(connection, made.photo_id, expected, made.id, made.kind)
            done: list[str] = []
            if current is None and not keep_draft:
                mine = sa.and_(draft.c.photo_id == made.photo_id, draft.c.annotator == made.annotator)
                done = list(connection.execute(sa.select(draft.c.path).where(mine)).scalars())
                connection.execute(sa.delete(draft).where(mine))
                begin_reading(connection, self._store, made)
            event = "conflict" if current is not None else "second reading" if second else made.kind
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
        return made

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
        """Return the current revision of a photo's mask, if it has one."""
        query = sa.select(revision).join(photo, photo.c.head == revision.c.id).where(photo.c.id == photo_id)
        with self._store.catalog.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else self._revision(row)

    def history(self, photo_id: int) -> list[Revision]:
        """Return all revisions of a photo's mask, the latest first; conflicting ones too."""
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

    def _revision(self, row: sa.RowMapping) -> Revision:
        with self._store.catalog.understood():
            path, kind = self._store.path / row["path"], RevisionKind(row["kind"])
            return Revision(**{**row, "path": path, "kind": kind, "created": float(row["created"])})

    def read(self, of: Revision) -> tuple[Labels, Labels]:
        """Read labels and provenance of a revision, uint8 (height, width) each.

        Raises
        ------
        MaskError
            If its files are damaged.
        """
        labels, provenance = read_arrays(of.path, of.checksum, "labels", "provenance")
        return labels, provenance

    def check(self, of: Truth) -> None:
        """Compare the files of a mask with its checksum, without decoding them.

        Raises
        ------
        MaskError
            If they are damaged or gone.
        """
        read_arrays(of.path, self.revision(of.revision_id).checksum)

    def revert(
        self, photo_id: int, to_revision_id: str | None, annotator: str, keep_draft: bool = False
    ) -> Revision | None:
        """Make an earlier revision current again; the history keeps all that came after it.

        Parameters
        ----------
        photo_id : int
            The photo.
        to_revision_id : str or None
            One of its revisions; None takes the first save back, and the photo is unlabelled again.
        annotator : str
            The annotator who reverts it.
        keep_draft : bool
            Whether their unfinished work stays; by default it goes, as with a save.

        Raises
        ------
        MaskError
            If the revision is not of this photo, or its files are damaged.
        ConflictError
            If another save comes at the same moment.
        """
        current = self.head(photo_id)
        before = None if current is None else current.id
        if to_revision_id is None:
            with self._store.catalog.write(durable=True) as connection:
                first = swap_head(connection, photo_id, before, None, RevisionKind.REVERT)
                if first is None:
                    self._store.events.write(
                        connection, RevisionKind.REVERT, annotator, photo_id, revision=None
                    )
            if first is not None:
                raise ConflictError(f"photo {photo_id}: {first} saved it at the same moment; look again")
            return None
        target = self.revision(to_revision_id)
        if target.photo_id != photo_id:
            raise MaskError(f"the revision {to_revision_id} belongs to another photo")
        self.read(target)
        made = replace(
            target,
            id=f"{target.path.stem}-{time.time_ns():x}",
            parent_id=before,
            annotator=annotator,
            created=time.time(),
            kind=RevisionKind.REVERT,
            seconds=None,
            strokes=None,
        )
        return self._publish(made, before, keep_draft)

    def truth(self, split: str | None = None, to_learn: bool = False) -> list[Truth]:
        """List photos with pixels to learn from or to compare with, the latest saved first.

        With `to_learn` only approved masks, where `review.approved_only` asks for it.
        """
        approved = to_learn and self._store.settings.review.approved_only
        return list_truth(self._store, split, approved=approved)

    def truth_of_broken(self, split: str | None = None) -> list[Truth]:
        """Like `truth`, of the photos that cannot be read any more; their masks are as good as ever."""
        return list_truth(self._store, split, broken=True)

    def read_truth(self, of: int | Revision | Truth) -> Labels:
        """Read the targets of a photo, revision or `Truth`: uint8 (height, width), class index or `IGNORE`.

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
        return true_targets(labels, provenance)
