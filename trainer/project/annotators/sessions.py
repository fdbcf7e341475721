"""Sessions of annotators, the visits in them, and their speed."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import sqlalchemy as sa

from trainer.errors import ConfigError
from trainer.project.annotators.liveness import is_alive
from trainer.project.catalog.clock import shared_time
from trainer.project.catalog.schema import lease, request, session, visit
from trainer.project.states import VisitOutcome

if TYPE_CHECKING:
    from trainer.project.catalog.store import Store

__all__ = ["Session", "Sessions", "Stats"]

FINISHED = visit.c.outcome.in_((VisitOutcome.SAVED, "save"))  # "save": written by early versions
CLOCK_SECONDS = 2.0
"""The start of a process, asked for twice, may differ by less than this."""


@dataclass(frozen=True)
class Session:
    """One sitting of one annotator."""

    id: int
    annotator: str
    started: float


@dataclass(frozen=True)
class Stats:
    """Finished photos, and the mean seconds and strokes that one took (0 where there is none)."""

    photos: int
    seconds_per_photo: float
    strokes_per_photo: float


class Sessions:
    """Sessions and visits."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def start(self, annotator: str) -> Session:
        """Begin a sitting. Sessions of this machine whose program is dead give their photos back.

        Raises
        ------
        ConfigError
            If the name is empty.
        """
        if not annotator.strip():
            raise ConfigError("an annotator needs a name: --annotator NAME")
        pid = os.getpid()
        with self._store.catalog.write() as connection:
            now = shared_time(connection)
            self._end_dead(connection, now)
            done = connection.execute(
                sa.insert(session).values(
                    annotator=annotator,
                    host=socket.gethostname(),
                    pid=pid,
                    born=psutil.Process(pid).create_time(),
                    started=now,
                    seen=now,
                )
            )
            assert done.inserted_primary_key is not None
            made = Session(int(done.inserted_primary_key[0]), annotator, now)
            self._store.events.write(connection, "session", annotator, session=made.id)
        return made

    def end(self, of: Session | int) -> None:
        """End a sitting; its photos are free again."""
        with self._store.catalog.write() as connection:
            ids = [of.id if isinstance(of, Session) else of]
            self._end(connection, ids, shared_time(connection))

    def end_left(self, left: dict[int, float]) -> None:
        """End sittings whose window could not say so when it closed: their numbers, and when that was."""
        with self._store.catalog.write() as connection:
            known = connection.execute(
                sa.select(session.c.id, session.c.started).where(session.c.id.in_(left))
            )
            # one that began later bears the number in a catalog that was put back from a copy
            ids = [row.id for row in known if row.started <= left[row.id]]
            self._end(connection, ids, shared_time(connection))

    def _end(self, connection: sa.Connection, ids: list[int], now: float) -> None:
        connection.execute(sa.delete(lease).where(lease.c.session_id.in_(ids)))
        connection.execute(sa.delete(request).where(request.c.session_id.in_(ids)))
        connection.execute(
            sa.update(session).where(session.c.id.in_(ids), session.c.ended.is_(None)).values(ended=now)
        )

    def _end_dead(self, connection: sa.Connection, now: float) -> None:
        mine = sa.select(session).where(session.c.host == socket.gethostname(), session.c.ended.is_(None))
        dead = [
            row.id
            for row in connection.execute(mine)
            if not is_alive(row.pid, latest=row.born + CLOCK_SECONDS, earliest=row.born - CLOCK_SECONDS)
        ]
        if dead:
            self._end(connection, dead, now)

    def record_visit(
        self, session_id: int, photo_id: int, seconds: float, strokes: int, outcome: VisitOutcome
    ) -> None:
        """Note that a photo was left.

        Parameters
        ----------
        session_id, photo_id : int
            The sitting and the photo.
        seconds : float
            How long.
        strokes : int
            Strokes painted.
        outcome : VisitOutcome
            `SAVED` counts as finished, the others do not.
        """
        with self._store.catalog.write() as connection:
            connection.execute(
                sa.insert(visit).values(
                    session_id=session_id,
                    photo_id=photo_id,
                    created=shared_time(connection),
                    seconds=float(seconds),
                    strokes=int(strokes),
                    outcome=outcome,
                )
            )

    def take_back(self, annotator: str, photo_id: int) -> None:
        """Count the last finished visit of an annotator to a photo as one that left it undone."""
        with self._store.catalog.write() as connection:
            last = sa.select(sa.func.max(visit.c.id)).join(session, session.c.id == visit.c.session_id)
            last = last.where(session.c.annotator == annotator, visit.c.photo_id == photo_id, FINISHED)
            number = connection.execute(last).scalar()
            outcome = sa.update(visit).where(visit.c.id == number).values(outcome=VisitOutcome.LEFT)
            connection.execute(outcome)

    def stats(self, session_id: int) -> Stats:
        """Return the figures of one sitting."""
        return self._stats(visit.c.session_id == session_id)

    def today(self, annotator: str) -> Stats:
        """Return the figures of an annotator since midnight, in this machine's time."""
        now = time.localtime()
        midnight = time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))
        sittings = sa.select(session.c.id).where(session.c.annotator == annotator)
        return self._stats(visit.c.session_id.in_(sittings), visit.c.created >= midnight)

    def _stats(self, *conditions: sa.ColumnElement[bool]) -> Stats:
        query = sa.select(
            sa.func.count(sa.distinct(visit.c.photo_id)),
            sa.func.coalesce(sa.func.sum(visit.c.seconds), 0.0),
            sa.func.coalesce(sa.func.sum(visit.c.strokes), 0),
        ).where(FINISHED, *conditions)
        with self._store.catalog.read() as connection:
            photos, seconds, strokes = connection.execute(query).one()
        per = max(1, int(photos))
        return Stats(int(photos), float(seconds) / per, float(strokes) / per)
