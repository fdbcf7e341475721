"""Orders of the queue: by rank, and at random within a split; which of them a slot takes, in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog.schema import lease, meta, photo, score
from trainer.project.catalog.schema_choice import handout, likeness
from trainer.project.queue.slots import HELD_OUT
from trainer.project.states import Slot

if TYPE_CHECKING:
    from trainer.project.queue.queue_filter import Chosen

__all__ = ["Order", "not_of", "orders", "ranking", "recent_bursts"]

START = "first photos"
RANDOM = "random check"
UNSCORED = "not ranked yet"
LEFT = "one of the last"
VALIDATION = "to compare models"
TEST = "for the final test"
WHATEVER = ", whatever the filter says"
CHOSEN_HELD_OUT = "you chose it by the filter, though models are measured on it"
"""Reasons for a photo to come up, in an annotator's words."""

_QUEUED = photo.c.queued == sa.literal_column("1")  # literal, or the partial index is not used
_BY_DRAW = (photo.c.back, photo.c.draw, photo.c.id)
_BY_RANK = (score.c.score.desc(), score.c.photo_id.desc())


@dataclass(frozen=True)
class Order:
    """One order of photos: by the ranks of a model, each with its own reason, or at random.

    Within a split those that were skipped are left out: they come at the end of the whole queue. One for
    `anybody` passes over the filter of the annotator's queue.
    """

    why: str = ""
    split: str | None = None
    ranker: str | None = None
    anybody: bool = False

    def query(
        self, now: float, chosen: Chosen | None = None
    ) -> sa.Select[tuple[int, str, str, float | None]]:
        """Select id, reason, path and score of the photos in the queue that nobody has in hands."""
        free = ~sa.exists().where(lease.c.photo_id == photo.c.id, lease.c.expires > now)
        if chosen is None or self.anybody:
            return self._query(free, _QUEUED, photo.c.split)
        why = sa.case((photo.c.split == "train", self.why), else_=CHOSEN_HELD_OUT)
        if not chosen.few:
            return self._query(free, _QUEUED, photo.c.split, why).where(*chosen.where)
        # By id: as plain columns SQLite would take the order's index, and go through the whole queue.
        queued, split = photo.c.queued + 0 == 1, photo.c.split.concat("")
        return self._query(free, queued, split, why).where(*chosen.where)

    def _query(
        self,
        free: sa.ColumnElement[bool],
        queued: sa.ColumnElement[bool],
        split: sa.ColumnElement[str],
        said: sa.ColumnElement[str] | None = None,
    ) -> sa.Select[tuple[int, str, str, float | None]]:
        if self.ranker is not None:
            by_rank = sa.select(photo.c.id, score.c.why, photo.c.relpath, score.c.score)
            by_rank = by_rank.select_from(score.join(photo, photo.c.id == score.c.photo_id))
            mine = (score.c.model_id == self.ranker, split == "train", queued, free)
            return by_rank.where(*mine).order_by(*_BY_RANK)
        why, none = (sa.literal(self.why) if said is None else said), sa.null().label("score")
        at_random = sa.select(photo.c.id, why.label("why"), photo.c.relpath, none).where(queued, free)
        if self.split is not None:
            at_random = at_random.where(split == self.split, photo.c.back == 0)
        return at_random.order_by(*_BY_DRAW)


def orders(slot: Slot, ranker: str | None, filtered: bool = False) -> tuple[Order, ...]:
    """Return the orders for a slot; each counts only where those before have no photo left.

    Only training photos are ranked: choosing validation or test photos by a model's own doubt would bend the
    scores measured on them. So would an annotator's filter: their slots pass over it, and say so.
    """
    start = Order(START if ranker is None else UNSCORED, "train")
    by_rank = (start,) if ranker is None else (Order(ranker=ranker), start)
    first: tuple[Order, ...] = ()
    if slot in HELD_OUT:
        why = VALIDATION if slot == Slot.VALIDATION else TEST
        first = (Order(f"{why}{WHATEVER}" if filtered else why, slot, anybody=True),)
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
