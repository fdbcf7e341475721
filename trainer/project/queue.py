"""Queue of photos: the next one for each annotator, leased so that no other gets it meanwhile."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.errors import ConflictError, PhotoError, ProjectError
from trainer.project.schema import lease, meta, photo, request, score, session, skipped
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trainer.project.photos import Photos
    from trainer.project.store import Store

__all__ = ["RANDOM", "START", "Lease", "Queue", "QueueEntry"]

START = "first photos"
RANDOM = "random check"
UNSCORED = "not ranked yet"
ASKED = "you opened it"
"""Reasons for a photo to come up, in an annotator's words."""

_QUEUED = photo.c.queued == sa.literal_column("1")  # literal, or the partial index is not used
_BY_DRAW = (photo.c.back, photo.c.draw, photo.c.id)
_BY_RANK = (score.c.score.desc(), score.c.photo_id.desc())
_TRIES = 20


@dataclass(frozen=True)
class Lease:
    """A photo reserved for a session until `expires`; `blind` asks to hide the suggestion."""

    photo_id: int
    why: str
    blind: bool
    expires: float


@dataclass(frozen=True)
class QueueEntry:
    """A photo near the head of the queue."""

    photo_id: int
    relpath: str
    score: float | None
    why: str


class Queue:
    """Claims, leases, skips and flags of photos."""

    def __init__(self, store: Store, photos: Photos) -> None:
        self._store = store
        self._photos = photos

    def claim_next(self, session_id: int, exclude: Iterable[int] = ()) -> Lease | None:
        """Lease the next photo: one that no other session holds, and that this one has not skipped.

        Before a model has ranked the photos, all come in a fixed random order. Then training photos come by
        rank, and a share of all photos (`queue.random_share`) by the random order, which is how validation
        and test photos come up.

        Parameters
        ----------
        session_id : int
            The session that claims the photo.
        exclude : iterable of int
            Photos not to hand out.

        Returns
        -------
        Lease or None
            None: there is no photo left.

        Raises
        ------
        ProjectError
            If the session has ended.
        """
        out = tuple(exclude)
        settings = self._store.settings.queue
        at_random = random.random() < settings.random_share
        blind = random.random() < settings.blind_share
        for _ in range(_TRIES):  # a pick can be lost to another session between finding and leasing it
            now = time.time()
            with self._store.catalog.write() as connection:
                self._seen(connection, session_id, now)
                found = self._pick(connection, session_id, out, now, at_random)
                if found is None:
                    return None
                expires = now + settings.lease_seconds
                if self._take(connection, session_id, found[0], now, expires):
                    return Lease(found[0], found[1], blind, expires)
        raise ProjectError("the next photo could not be taken: too many annotators at once; try again")

    def claim(self, session_id: int, photo_id: int) -> Lease:
        """Lease a certain photo, as when going back or opening one from a list.

        Raises
        ------
        ConflictError
            If another session holds it.
        PhotoError
            If there is no such photo, or it is broken.
        """
        known = self._photos.get(photo_id)
        if known.state == PhotoState.BROKEN:
            raise PhotoError(f"{known.relpath}: {known.reason}")
        now = time.time()
        expires = now + self._store.settings.queue.lease_seconds
        with self._store.catalog.write() as connection:
            annotator = self._seen(connection, session_id, now)
            holder = connection.execute(
                sa.select(session.c.annotator)
                .join(lease, lease.c.session_id == session.c.id)
                .where(lease.c.photo_id == photo_id, lease.c.expires > now, session.c.id != session_id)
            ).scalar()
            if holder == annotator:  # their own photo, left open by a window that crashed
                connection.execute(sa.delete(lease).where(lease.c.photo_id == photo_id))
            if not self._take(connection, session_id, photo_id, now, expires):
                raise ConflictError(
                    f"{known.relpath} is being worked on by {holder or 'somebody else'}; take another photo"
                )
        return Lease(photo_id, ASKED, False, expires)

    def extend(self, session_id: int, photo_ids: Iterable[int]) -> list[int]:
        """Prolong the leases of a session, as its sign of life; returns the photos that it still holds."""
        now = time.time()
        ids = list(photo_ids)
        with self._store.catalog.write() as connection:
            self._seen(connection, session_id, now)
            mine = sa.and_(lease.c.session_id == session_id, lease.c.photo_id.in_(ids))
            connection.execute(
                sa.update(lease).where(mine).values(expires=now + self._store.settings.queue.lease_seconds)
            )
            held = set(connection.execute(sa.select(lease.c.photo_id).where(mine)).scalars())
        return [photo_id for photo_id in ids if photo_id in held]

    def release(self, session_id: int, photo_id: int) -> None:
        """Give a photo back."""
        with self._store.catalog.write() as connection:
            self._release(connection, session_id, photo_id)

    def skip(self, session_id: int, photo_id: int) -> None:
        """Put a photo at the end of the queue; this session does not get it again."""
        with self._store.catalog.write() as connection:
            annotator = self._seen(connection, session_id, time.time())
            connection.execute(
                self._store.catalog.insert(skipped)
                .values(session_id=session_id, photo_id=photo_id)
                .on_conflict_do_nothing()
            )
            connection.execute(
                sa.update(photo).where(photo.c.id == photo_id, _QUEUED).values(back=photo.c.back + 1)
            )
            connection.execute(sa.delete(score).where(score.c.photo_id == photo_id))
            self._release(connection, session_id, photo_id)
            self._store.events.write(connection, "skip", annotator, photo_id)

    def flag(self, session_id: int, photo_id: int, note: str) -> None:
        """Take a photo out of the queue with a note for the project's owner."""
        with self._store.catalog.write() as connection:
            annotator = self._seen(connection, session_id, time.time())
            connection.execute(
                sa.update(photo)
                .where(photo.c.id == photo_id)
                .values(state=PhotoState.FLAGGED, reason=note, queued=0)
            )
            self._release(connection, session_id, photo_id)
            self._store.events.write(connection, "flag", annotator, photo_id, note=note)

    def head(self, n: int) -> list[QueueEntry]:
        """List the photos that would come next by rank, or in the random order before there is a rank."""
        now = time.time()
        with self._store.catalog.read() as connection:
            model_id = ranking(connection)
            entries: list[QueueEntry] = []
            if model_id is not None:
                query = ranked(model_id, now).add_columns(photo.c.relpath, score.c.score).limit(n)
                entries = [
                    QueueEntry(row.id, row.relpath, row.score, row.why) for row in connection.execute(query)
                ]
            if len(entries) < n:
                there = {entry.photo_id for entry in entries}
                why = START if model_id is None else RANDOM
                in_order = drawn(now).add_columns(photo.c.relpath).limit(n + len(there))
                entries += [
                    QueueEntry(row.id, row.relpath, None, why)
                    for row in connection.execute(in_order)
                    if row.id not in there
                ]
        return entries[:n]

    def request_prediction(self, session_id: int, photo_ids: Iterable[int]) -> None:
        """Ask the trainer for suggestions; what is asked for comes before training."""
        rows = [
            {"session_id": session_id, "photo_id": photo_id, "created": time.time()} for photo_id in photo_ids
        ]
        if rows:
            with self._store.catalog.write() as connection:
                connection.execute(self._store.catalog.insert(request).on_conflict_do_nothing(), rows)

    def _seen(self, connection: sa.Connection, session_id: int, now: float) -> str:
        """Note a session's sign of life; returns its annotator."""
        row = connection.execute(sa.select(session).where(session.c.id == session_id)).one_or_none()
        if row is None or row.ended is not None:
            raise ProjectError("this annotation session has ended; open the project again to go on")
        if now - row.seen > 1.0:
            connection.execute(sa.update(session).where(session.c.id == session_id).values(seen=now))
        return str(row.annotator)

    def _release(self, connection: sa.Connection, session_id: int, photo_id: int) -> None:
        connection.execute(
            sa.delete(lease).where(lease.c.photo_id == photo_id, lease.c.session_id == session_id)
        )
        connection.execute(
            sa.delete(request).where(request.c.photo_id == photo_id, request.c.session_id == session_id)
        )

    def _take(
        self, connection: sa.Connection, session_id: int, photo_id: int, now: float, expires: float
    ) -> bool:
        """Lease a photo unless another session has a lease that still runs."""
        row = {"photo_id": photo_id, "session_id": session_id, "expires": expires}
        free = sa.or_(lease.c.expires <= now, lease.c.session_id == session_id)
        done = connection.execute(
            self._store.catalog.insert(lease)
            .values(row)
            .on_conflict_do_update(index_elements=["photo_id"], set_=row, where=free)
            .returning(lease.c.photo_id)
        )
        return done.scalar() is not None

    def _pick(
        self, connection: sa.Connection, session_id: int, out: Sequence[int], now: float, at_random: bool
    ) -> tuple[int, str] | None:
        """Find the photo for this session: the first of the orders that has one left."""
        for query in self._orders(connection, now, at_random):
            fitting = query.where(
                ~sa.exists().where(skipped.c.photo_id == photo.c.id, skipped.c.session_id == session_id)
            )
            if out:
                fitting = fitting.where(photo.c.id.not_in(out))
            # Two sessions ask at once: on PostgreSQL each passes over the row that the other is looking at,
            # on SQLite the clause is left out, as BEGIN IMMEDIATE has let in one of them alone. The lease
            # itself is decided in `_take`; without the lock both would find the same photo, and one retry.
            row = connection.execute(fitting.limit(1).with_for_update(skip_locked=True, of=photo)).first()
            if row is not None:
                return int(row.id), str(row.why)
        return None

    def _orders(
        self, connection: sa.Connection, now: float, at_random: bool
    ) -> Iterator[sa.Select[tuple[int, str]]]:
        """Yield the queries to try, in turn; each is run only where those before found no photo."""
        model_id = ranking(connection)
        if model_id is None:
            yield drawn(now, START)
            return
        if at_random:
            yield drawn(now, RANDOM)
            return
        # Ranked photos are of the split train only: choosing validation or test photos by a model's own doubt
        # would bend the scores measured on them. They come up by chance, or when training photos run out.
        yield ranked(model_id, now)
        yield drawn(now, UNSCORED).where(photo.c.split == "train")
        yield drawn(now, RANDOM)


def ranking(connection: sa.Connection) -> str | None:
    """Return the model whose scores rank the queue."""
    return connection.execute(sa.select(meta.c.value).where(meta.c.key == "ranking")).scalar()


def _free(now: float) -> sa.ColumnElement[bool]:
    return ~sa.exists().where(lease.c.photo_id == photo.c.id, lease.c.expires > now)


def drawn(now: float, why: str = RANDOM) -> sa.Select[tuple[int, str]]:
    query = sa.select(photo.c.id, sa.literal(why).label("why"))
    return query.where(_QUEUED, _free(now)).order_by(*_BY_DRAW)


def ranked(model_id: str, now: float) -> sa.Select[tuple[int, str]]:
    return (
        sa.select(photo.c.id, score.c.why)
        .select_from(score.join(photo, photo.c.id == score.c.photo_id))
        .where(score.c.model_id == model_id, _QUEUED, photo.c.split == "train", _free(now))
        .order_by(*_BY_RANK)
    )
