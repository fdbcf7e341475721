"""Truths: photos with a current mask that holds pixels a person decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog.schema import photo, revision
from trainer.project.review.verdicts import is_approved
from trainer.project.revisions import Truth
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from trainer.project.catalog.store import Store

__all__ = ["list_truth"]


def list_truth(
    store: Store, split: str | None = None, broken: bool = False, approved: bool = False
) -> list[Truth]:
    """List photos with pixels to learn from or to compare with.

    Parameters
    ----------
    store
        The project.
    split
        Only of this split.
    broken
        The photos that cannot be read any more, by number, instead of the others, the latest saved first.
    approved
        Only masks that a reviewer has approved.
    """
    query = (
        sa.select(photo.c.id, photo.c.group_name, revision.c.id.label("revision_id"), revision.c.path)
        .join(revision, photo.c.head == revision.c.id)
        .where(photo.c.head.is_not(None), revision.c.truth_pixels > 0)
    )
    if broken:
        query = query.where(photo.c.state == PhotoState.BROKEN).order_by(photo.c.id)
    else:
        query = query.where(photo.c.state != PhotoState.BROKEN)
        query = query.order_by(revision.c.created.desc(), photo.c.id)
    if split is not None:
        query = query.where(photo.c.split == split)
    if approved:
        query = query.where(is_approved(revision.c.id))
    with store.catalog.read() as connection:
        return [
            Truth(row.id, row.group_name, row.revision_id, store.path / row.path)
            for row in connection.execute(query)
        ]
