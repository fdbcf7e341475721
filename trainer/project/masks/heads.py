"""Heads: the revision of each photo's mask that is current, moved by compare-and-set."""

from __future__ import annotations

import sqlalchemy as sa

from trainer.project.catalog.schema import photo, revision, score
from trainer.project.states import PhotoState, RevisionKind

__all__ = ["swap_head"]


def swap_head(
    connection: sa.Connection,
    photo_id: int,
    expected: str | None,
    to: str | None,
    kind: RevisionKind,
) -> str | None:
    """Make a revision the current one of its photo, if the current one is still `expected`.

    Parameters
    ----------
    connection : Connection
        In a transaction that writes.
    photo_id : int
        The photo.
    expected, to : str or None
        Ids of revisions; None stands for no mask.
    kind : RevisionKind
        Of the new one: after a part the photo stays in the queue.

    Returns
    -------
    str or None
        None where it was done, else the annotator whose revision is current.
    """
    values: dict[str, object] = {"head": to, "state": PhotoState.LABELLED, "queued": 0, "reason": None}
    if to is None:
        values |= {"state": PhotoState.NEW, "queued": 1}
    elif kind == RevisionKind.PART:  # work goes on later, unless the photo was finished or set aside before
        flagged = photo.c.state == PhotoState.FLAGGED
        stays = sa.or_(photo.c.state == PhotoState.LABELLED, flagged)
        values |= {
            "state": sa.case((stays, photo.c.state), else_=PhotoState.PART),
            "queued": sa.case((stays, 0), else_=1),
            "reason": sa.case((flagged, photo.c.reason), else_=None),
        }
    # One statement compares and sets, so that of two people who save at once exactly one finds `expected`;
    # `=` would never be true where both are NULL, which is how every first mask begins.
    found = connection.execute(
        sa.update(photo)
        .where(photo.c.id == photo_id, photo.c.head.is_not_distinct_from(expected))
        .values(values)
    )
    if found.rowcount == 1:
        # The score was of the photo without this mask; the next ranking scores what is still queued.
        connection.execute(sa.delete(score).where(score.c.photo_id == photo_id))
        return None
    current = connection.execute(
        sa.select(revision.c.annotator)
        .join(photo, photo.c.head == revision.c.id)
        .where(photo.c.id == photo_id)
    ).scalar()
    return str(current) if current is not None else "somebody"
