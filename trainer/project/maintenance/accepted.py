"""Masks that were accepted from one model's suggestions; after a bad model they go back into the queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from trainer.errors import MaskError
from trainer.labels.values import ACCEPTED, PAINTED, PROPOSED
from trainer.project.catalog.schema import photo, revision
from trainer.project.revisions import MaskConflictError
from trainer.project.states import PhotoState, RevisionKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.project.project import Project

__all__ = ["AcceptedMask", "accepted_masks", "put_back"]


@dataclass(frozen=True)
class AcceptedMask:
    """A current mask that holds pixels which somebody accepted from a suggestion without painting them."""

    photo_id: int
    relpath: str
    revision_id: str
    annotator: str
    saved: float
    accepted: float
    """Share of its truth that was accepted, above 0 up to 1."""


def accepted_masks(project: Project, model_id: str) -> list[AcceptedMask]:
    """List the current masks with accepted pixels of a model, those with most of them first.

    A suggestion is only ever the served model's, so that all of them were saved since its promotion. A mask
    that cannot be read is left out; `doctor` names it.
    """
    query = (
        sa.select(revision.c.id, revision.c.photo_id, photo.c.relpath)
        .join(photo, photo.c.head == revision.c.id)
        .where(photo.c.head.is_not(None), revision.c.model_id == model_id)
    )
    with project.catalog.read() as connection:
        rows = connection.execute(query).all()
    found = []
    for row in rows:
        head = project.masks.revision(row.id)
        try:
            _, provenance = project.masks.read(head)
        except MaskError:
            continue
        accepted = int(np.count_nonzero(provenance == ACCEPTED))
        if accepted:
            share = accepted / (accepted + int(np.count_nonzero(provenance == PAINTED)))
            found.append(AcceptedMask(row.photo_id, row.relpath, row.id, head.annotator, head.created, share))
    return sorted(found, key=lambda mask: (-mask.accepted, mask.photo_id))


def put_back(project: Project, masks: Sequence[AcceptedMask], by: str) -> list[AcceptedMask]:
    """Put photos back into the queue; return those that were, as one may just have been saved anew.

    What was painted stays truth. What was accepted becomes a suggestion again, in a new revision: no model
    learns from it, a better one fills it in, and the mask as it was remains in the history.
    """
    done = []
    for mask in masks:
        head = project.masks.revision(mask.revision_id)
        labels, provenance = project.masks.read(head)
        provenance = np.where(provenance == ACCEPTED, np.uint8(PROPOSED), provenance)
        with project.catalog.write() as connection:  # first: cut off after this, it is in the queue as it was
            moved = connection.execute(
                sa.update(photo)
                .where(photo.c.id == mask.photo_id, photo.c.head == mask.revision_id)
                .values(state=PhotoState.PART, queued=1)
            )
            project.events.write(connection, "put back", by, mask.photo_id, revision=mask.revision_id)
        try:
            if moved.rowcount:
                kind, model = RevisionKind.PART, head.model_id
                project.masks.save(mask.photo_id, labels, provenance, by, mask.revision_id, kind, model)
                done.append(mask)
        except MaskConflictError:  # somebody saved it anew at this moment: theirs stands
            continue
    return done
