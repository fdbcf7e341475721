"""Statistics of photos, of which strategies make ranks: what a model says of one, how one looks, bursts."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog.clock import shared_time
from trainer.project.catalog.schema import meta, photo, prediction
from trainer.project.catalog.schema_choice import likeness, statistic
from trainer.project.catalog.schema_filter import shows
from trainer.project.queue.lineup import line_up
from trainer.project.queue.orders import Order, ranking
from trainer.project.queue.queue_filter import classes_of, keep_shown
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trainer.project.catalog.store import Store

__all__ = ["RankingState", "Rating", "Statistic", "Statistics"]

CHUNK = 5000
"""Ids that are looked through in one query."""
PART = 500
"""Rows per transaction or query, so that annotators get their turn."""
RANKED = "ranked"
"""Key of `meta` under which the state of the ranking is kept."""
_SIGN = 1 << 64


@dataclass(frozen=True)
class Statistic:
    """What one model, or one frozen backbone, says of one photo."""

    photo_id: int
    why: str = ""
    numbers: Mapping[str, object] = field(default_factory=dict)
    feature: bytes | None = None
    """float16."""


@dataclass(frozen=True)
class Rating:
    """All that is found out about one photo while its pixels are in memory; None: not asked."""

    photo_id: int
    looks: Statistic | None = None
    said: Statistic | None = None
    picture_hash: int | None = None


@dataclass(frozen=True)
class RankingState:
    """How far the ranking in force goes: by which model, how many photos of how many."""

    model: str | None
    strategy: str
    ranked: int
    pool: int
    sample: int
    """So many are to be ranked."""
    created: float = 0.0

    @property
    def text(self) -> str:
        """The same for people: ``ranked 400 of 330,000``."""
        return f"ranked {self.ranked:,} of {self.pool:,}"


class Statistics:
    """Statistics of the pool; rows are upserts, so that whoever writes one twice does no harm."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, ratings: Sequence[Rating], looks_id: str | None, model_id: str | None) -> None:
        """Keep ratings: what is there is replaced."""
        now = time.time()
        for key, found in (
            (looks_id, [rating.looks for rating in ratings]),
            (model_id, [rating.said for rating in ratings]),
        ):
            rows = [
                {**asdict(item), "model_id": key, "created": now}
                for item in found
                if item is not None and key is not None
            ]
            self._upsert(statistic, rows, ("model_id", "photo_id"))
        self._keep_shown([rating.said for rating in ratings if rating.said is not None])
        hashes: list[dict[str, object]] = [
            {"photo_id": r.photo_id, "hash": _signed(r.picture_hash)}
            for r in ratings
            if r.picture_hash is not None
        ]
        self._upsert(likeness, hashes, ("photo_id",))

    def _keep_shown(self, said: Sequence[Statistic]) -> None:
        """Keep which classes the model has seen, by which annotators filter the queue."""
        self.keep_seen(
            {
                one.photo_id: classes_of(one.numbers["class_share"])
                for one in said
                if "class_share" in one.numbers
            }
        )

    def keep_seen(self, seen: Mapping[int, Sequence[int]]) -> None:
        """Keep which classes a model has seen on photos: class indices by photo id."""
        found = list(seen.items())
        for start in range(0, len(found), PART):
            with self._store.catalog.write() as connection:
                keep_shown(connection, self._store.catalog, found[start : start + PART])

    def keep_older(self, after: int) -> tuple[list[int], int | None]:
        """Keep the classes that statistics of before tell of, for the next photos behind an id.

        Returns
        -------
        tuple
            Photos whose suggestion alone can tell, and the id to go on behind: None at the end.
        """
        with self._store.catalog.read() as connection:
            last = connection.execute(sa.select(sa.func.max(photo.c.id))).scalar() or 0
            told = sa.select(statistic.c.photo_id, statistic.c.numbers)
            told = told.where(
                statistic.c.model_id == ranking(connection), *_unseen(statistic.c.photo_id, after)
            )
            made = sa.select(prediction.c.photo_id).where(*_unseen(prediction.c.photo_id, after))
            rows, ids = connection.execute(told).all(), connection.execute(made).scalars().all()
        said = [Statistic(row.photo_id, numbers=row.numbers) for row in rows]
        self._keep_shown(said)
        known = {one.photo_id for one in said if "class_share" in one.numbers}
        return [one for one in ids if one not in known], after + CHUNK if after + CHUNK < last else None

    def _upsert(self, table: sa.Table, rows: list[dict[str, object]], key: tuple[str, ...]) -> None:
        for start in range(0, len(rows), PART):
            part = rows[start : start + PART]
            insert = self._store.catalog.insert(table)
            new = {name: insert.excluded[name] for name in part[0] if name not in key}
            with self._store.catalog.write() as connection:
                connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=new), part)

    def get(self, model_id: str, photo_ids: Sequence[int]) -> dict[int, Statistic]:
        """Return what is kept of some photos, by photo."""
        columns = [statistic.c[name] for name in ("photo_id", "why", "numbers", "feature")]
        found: dict[int, Statistic] = {}
        with self._store.catalog.read() as connection:
            for start in range(0, len(photo_ids), PART):
                part = photo_ids[start : start + PART]
                query = sa.select(*columns).where(
                    statistic.c.model_id == model_id, statistic.c.photo_id.in_(part)
                )
                found.update((row.photo_id, Statistic(*row)) for row in connection.execute(query))
        return found

    def known(self, model_id: str, photo_ids: Sequence[int]) -> set[int]:
        """Return those photos of which something is kept."""
        found: set[int] = set()
        with self._store.catalog.read() as connection:
            for start in range(0, len(photo_ids), PART):
                part = photo_ids[start : start + PART]
                query = sa.select(statistic.c.photo_id).where(
                    statistic.c.model_id == model_id, statistic.c.photo_id.in_(part)
                )
                found.update(connection.execute(query).scalars())
        return found

    def pool(self, most: int | None) -> list[int]:
        """List the training photos in the queue: those that come next, then the others in the random order.

        Left out are those in somebody's hands, begun, or put back to the end.
        """
        with self._store.catalog.read() as connection:
            query = Order(split="train").query(shared_time(connection))
            query = query.where(photo.c.head.is_(None)).limit(most)
            head = [entry.photo_id for entry in line_up(connection, self._store, PART // 10)]
            drawn = [row.id for row in connection.execute(query)]
            train = sa.select(photo.c.id).where(
                photo.c.id.in_(head), photo.c.split == "train", photo.c.head.is_(None)
            )
            first = set(connection.execute(train).scalars())
        ids = dict.fromkeys([photo_id for photo_id in head if photo_id in first] + drawn)
        return list(ids)[:most]

    def labelled(self, most: int) -> list[int]:
        """List the training photos with a mask, the newest first."""
        query = (
            sa.select(photo.c.id)
            .where(photo.c.head.is_not(None), photo.c.split == "train", photo.c.state != PhotoState.BROKEN)
            .order_by(photo.c.head.desc())
            .limit(most)
        )
        with self._store.catalog.read() as connection:
            return list(connection.execute(query).scalars())

    def hashes(self, photo_ids: Sequence[int]) -> dict[int, int]:
        """Return the picture hashes of some photos."""
        found: dict[int, int] = {}
        with self._store.catalog.read() as connection:
            for start in range(0, len(photo_ids), PART):
                part = photo_ids[start : start + PART]
                query = sa.select(likeness.c.photo_id, likeness.c.hash)
                for row in connection.execute(query.where(likeness.c.photo_id.in_(part))):
                    found[row.photo_id] = row.hash % _SIGN
        return found

    def set_bursts(self, bursts: Mapping[int, int | None]) -> None:
        """Say to which burst photos belong, by its first photo; None: they are alone."""
        with self._store.catalog.read() as connection:
            known = {row.photo_id: row.burst for row in connection.execute(_bursts(list(bursts)))}
        changed = [
            {"id": photo_id, "to": burst}
            for photo_id, burst in bursts.items()
            if known.get(photo_id) != burst
        ]
        if changed:
            update = sa.update(likeness).where(likeness.c.photo_id == sa.bindparam("id"))
            with self._store.catalog.write() as connection:
                connection.execute(update.values(burst=sa.bindparam("to")), changed)

    def keep_only(self, model_ids: Iterable[str]) -> None:
        """Drop what other models said; nobody asks for it any more."""
        wanted = list(model_ids)
        ids = sa.select(statistic.c.model_id).distinct().where(statistic.c.model_id.not_in(wanted))
        with self._store.catalog.read() as connection:
            out = list(connection.execute(ids).scalars())
        if out:
            with self._store.catalog.write() as connection:
                connection.execute(sa.delete(statistic).where(statistic.c.model_id.in_(out)))

    def set_state(self, state: RankingState) -> None:
        """Note how far the ranking goes."""
        value = json.dumps({**asdict(state), "created": time.time()})
        with self._store.catalog.write() as connection:
            connection.execute(
                self._store.catalog.insert(meta)
                .values(key=RANKED, value=value)
                .on_conflict_do_update(index_elements=["key"], set_={"value": value})
            )

    def state(self) -> RankingState | None:
        """Return how far the ranking goes; None: nothing was ranked yet."""
        with self._store.catalog.read() as connection:
            value = connection.execute(sa.select(meta.c.value).where(meta.c.key == RANKED)).scalar()
        return None if value is None else RankingState(**json.loads(value))


def _bursts(photo_ids: list[int]) -> sa.Select[tuple[int, int]]:
    columns = (likeness.c.photo_id, likeness.c.burst)
    return sa.select(*columns).where(likeness.c.photo_id.in_(photo_ids))


def _unseen(photo_id: sa.Column[int], after: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Say of a column that it is one of the next photos, of which it is not kept what a model has seen."""
    kept = sa.exists().where(shows.c.photo_id == photo_id)
    return photo_id > after, photo_id <= after + CHUNK, ~kept


def _signed(number: int) -> int:
    """Fit 64 bits into a signed column."""
    return number - _SIGN if number >= _SIGN >> 1 else number
