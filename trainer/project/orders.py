"""Orders of the queue: by rank, and at random within a split; which of them a slot takes, in turn."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from trainer.project.schema import lease, meta, photo, score
from trainer.project.schema_choice import handout, likeness
from trainer.project.slots import HELD_OUT
from trainer.project.states import Slot

__all__ = ["Order", "not_of", "orders", "ranking", "recent_bursts"]

START = "first photos"
RANDOM = "random check"
UNSCORED = "not ranked yet"
LEFT = "one of the last"
VALIDATION = "to compare models"
TEST = "for the final test"
"""Reasons for a photo to come up, in an annotator's words."""

_QUEUED = photo.c.queued == sa.literal_column("1")  # literal, or the partial index is not used
_BY_DRAW = (photo.c.back, photo.c.draw, photo.c.id)
_BY_RANK = (score.c.score.desc(), score.c.photo_id.desc())


@dataclass(frozen=True)
class Order:
    """One order of photos: by the ranks of a model, each with its own reason, or at random.

    Within a split those that were skipped are left out: they come at the end of the whole queue.
    """

    why: str = ""
    split: str | None = None
    ranker: str | None = None

    def query(self, now: float) -> sa.Select[tuple[int, str, str, float | None]]:
        """Select id, reason, path and score of the photos in the queue that nobody has in hands."""
        free = ~sa.exists().where(lease.c.photo_id == photo.c.id, lease.c.expires > now)
        if self.ranker is not None:
            by_rank = sa.select(photo.c.id, score.c.why, photo.c.relpath, score.c.score)
            by_rank = by_rank.select_from(score.join(photo, photo.c.id == score.c.photo_id))
            mine = (score.c.model_id == self.ranker, photo.c.split == "train", _QUEUED, free)
            return by_rank.where(*mine).order_by(*_BY_RANK)
        why, none = sa.literal(self.why).label("why"), sa.null().label("score")
        at_random = sa.select(photo.c.id, why, photo.c.relpath, none).where(_QUEUED, free)
        if self.split is not None:
            at_random = at_random.where(photo.c.split == self.split, photo.c.back == 0)
        return at_random.order_by(*_BY_DRAW)


def orders(slot: Slot, ranker: str | None) -> tuple[Order, ...]:
    """Return the orders for a slot; each counts only where those before have no photo left.

    Only training photos are ranked: choosing validation or test photos by a model's own doubt would bend the
    scores measured on them.
    """
    start = Order(START if ranker is None else UNSCORED, "train")
    by_rank = (start,) if ranker is None else (Order(ranker=ranker), start)
    first: tuple[Order, ...] = ()
    if slot in HELD_OUT:
        first = (Order(VALIDATION if slot == Slot.VALIDATION else TEST, slot),)
    elif slot == Slot.RANDOM and ranker is not None:
        first = (Order(RANDOM, "train"),)
    return (*first, *by_rank, Order(LEFT))


def ranking(connection: sa.Connection) -> str | None:
    """Return the model whose scores rank the queue."""
    return connection.execute(sa.select(meta.c.value).where(meta.c.key == "ranking")).scalar()


def recent_bursts(connection: sa.Connection, last: int) -> list[int]:
    """Return the bursts that the photos handed out last belong to."""
    photos = sa.select(handout.c.photo_id).order_by(handout.c.id.desc()).limit(last)
    query = sa.select(likeness.c.burst).where(likeness.c.photo_id.in_(photos), likeness.c.burst.is_not(None))
    return list(connection.execute(query).scalars())


def not_of(bursts: list[int]) -> sa.ColumnElement[bool]:
    """Hold for photos that belong to none of these bursts."""
    return photo.c.id.not_in(sa.select(likeness.c.photo_id).where(likeness.c.burst.in_(bursts)))
