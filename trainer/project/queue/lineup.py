"""Line-up: the photos that come next, slot by slot, each with its reason."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog.clock import shared_time
from trainer.project.catalog.counts import count_photos
from trainer.project.catalog.schema import lease, photo
from trainer.project.catalog.schema_choice import handout, likeness
from trainer.project.queue.orders import Order, orders, ranking, recent_bursts
from trainer.project.queue.slots import SlotPlan, SlotState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from trainer.project.catalog.store import Store
    from trainer.project.queue.queue_filter import Chosen

__all__ = ["QueueEntry", "line_up", "slot_plan", "slot_state"]


@dataclass(frozen=True)
class QueueEntry:
    """A photo near the head of the queue."""

    photo_id: int
    relpath: str
    score: float | None
    why: str


def slot_plan(store: Store) -> SlotPlan:
    """Return the shares of a project's queue."""
    queue = store.settings.queue
    wanted = store.settings.gate.min_photos
    return SlotPlan(store.salt, queue.random_share, queue.blind_share, wanted, queue.blind_after)


def slot_state(connection: sa.Connection, store: Store, now: float) -> SlotState:
    """Read where the project stands; photos in hands count as done."""
    counts = count_photos(connection, store.catalog.keeps_counts)
    held_ids = sa.select(lease.c.photo_id).where(lease.c.expires > now)
    in_hands = (  # by id: as a join, SQLite might go through all photos
        sa.select(photo.c.split, sa.func.count())
        .where(photo.c.id.in_(held_ids), photo.c.queued + 0 == 1, photo.c.head.is_(None))
        .group_by(photo.c.split)
    )
    held = {str(split): int(count) for split, count in connection.execute(in_hands)}
    number = 0
    if store.catalog.is_complete:
        number = connection.execute(sa.select(sa.func.max(handout.c.id))).scalar() or 0
    return SlotState(
        number,
        {split: photos for split, (photos, _) in counts.by_split.items()},
        {split: done + held.get(split, 0) for split, (_, done) in counts.by_split.items()},
        {split: waiting - held.get(split, 0) for split, waiting in counts.waiting.items()},
    )


def line_up(
    connection: sa.Connection, store: Store, n: int, chosen: Chosen | None = None
) -> list[QueueEntry]:
    """List the photos that would be handed out next if nobody skipped one, maybe by a filter."""
    if chosen is not None and chosen.empty:
        return []
    now, last = shared_time(connection), 0
    if store.catalog.is_complete and not store.settings.queue.bursts_together:
        last = store.settings.queue.bursts_apart - 1
    ranker, state = ranking(connection), slot_state(connection, store, now)
    rows = _Rows(connection, now, n + last, last > 0, chosen)
    recent: deque[int | None] = deque(recent_bursts(connection, last) if last else (), maxlen=last)
    found: dict[int, QueueEntry] = {}
    for slot, _ in islice(slot_plan(store).slots(state), n):
        turn = orders(slot, ranker, filtered=chosen is not None)
        entry = rows.first(turn, found, recent) or rows.first(turn, found, ())
        if entry is None:
            break
        found[entry.photo_id] = entry
        recent.append(rows.bursts.get(entry.photo_id))
    return list(found.values())


class _Rows:
    """First rows of each order, read once."""

    def __init__(
        self, connection: sa.Connection, now: float, most: int, with_bursts: bool, chosen: Chosen | None
    ) -> None:
        self._connection, self._now, self._most = connection, now, most
        self._with_bursts, self._chosen = with_bursts, chosen
        self._rows: dict[Order, list[QueueEntry]] = {}
        self.bursts: dict[int, int] = {}

    def first(
        self, turn: Sequence[Order], out: Collection[int], bursts: Collection[int | None]
    ) -> QueueEntry | None:
        """Return the first photo that is not out and of none of these bursts."""
        for order in turn:
            for entry in self._of(order):
                burst = self.bursts.get(entry.photo_id)
                if entry.photo_id not in out and (burst is None or burst not in bursts):
                    return entry
        return None

    def _of(self, order: Order) -> list[QueueEntry]:
        if order not in self._rows:
            found = self._connection.execute(order.query(self._now, self._chosen).limit(self._most))
            self._rows[order] = [QueueEntry(row.id, row.relpath, row.score, row.why) for row in found]
            if self._with_bursts:
                ids = [entry.photo_id for entry in self._rows[order]]
                columns = (likeness.c.photo_id, likeness.c.burst)
                query = sa.select(*columns).where(likeness.c.photo_id.in_(ids), likeness.c.burst.is_not(None))
                self.bursts.update((row.photo_id, row.burst) for row in self._connection.execute(query))
        return self._rows[order]
