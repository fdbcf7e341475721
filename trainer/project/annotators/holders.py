"""Holders: the session that has a photo in its window now, in words."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.errors import ConflictError
from trainer.project.annotators.liveness import is_alive
from trainer.project.annotators.sessions import CLOCK_SECONDS
from trainer.project.catalog.clock import shared_time
from trainer.project.catalog.schema import lease, session

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Holder", "OtherWindowError", "holders_of", "refuse_other_window"]

QUIET_SECONDS = 90.0
"""A window on another machine that has given no sign for so long may have crashed."""


class OtherWindowError(ConflictError):
    """A photo is open, or waits as one of the next, in another window of the same annotator."""


@dataclass(frozen=True)
class Holder:
    """A session that holds a photo: it is open in its window, or waits there as one of the next."""

    photo_id: int
    session_id: int
    annotator: str
    host: str
    since: float
    seen: float

    @property
    def text(self) -> str:
        """Whose it is, and where."""
        since = time.strftime("%H:%M", time.localtime(self.since))
        return f"{self.annotator} (window on {self.host}, open since {since})"


def holders_of(connection: sa.Connection, photo_ids: Iterable[int], but: int | None = None) -> list[Holder]:
    """List who holds any of these photos; windows of this machine that have died hold none.

    Parameters
    ----------
    but
        A session that does not count.
    """
    query = (
        sa.select(lease.c.photo_id, session)
        .join(session, session.c.id == lease.c.session_id)
        .where(
            lease.c.photo_id.in_(list(photo_ids)),
            lease.c.expires > shared_time(connection),
            session.c.ended.is_(None),
        )
        .order_by(lease.c.photo_id)
    )
    found = []
    for row in connection.execute(query):
        here = row.host == socket.gethostname()
        born = (row.born - CLOCK_SECONDS, row.born + CLOCK_SECONDS)
        if row.id != but and (not here or is_alive(row.pid, latest=born[1], earliest=born[0])):
            found.append(Holder(row.photo_id, row.id, row.annotator, row.host, row.started, row.seen))
    return found


def refuse_other_window(
    connection: sa.Connection, photo_id: int, relpath: str, session_id: int, annotator: str, now: float
) -> None:
    """Leave a photo where it is open in another window of the same annotator.

    Raises
    ------
    OtherWindowError
        If that window lives.
    """
    for held in holders_of(connection, [photo_id], but=session_id):
        quiet = held.host != socket.gethostname() and now - held.seen > QUIET_SECONDS
        if held.annotator == annotator and not quiet:
            since = time.strftime("%H:%M", time.localtime(held.since))
            raise OtherWindowError(
                f"{relpath} is open or comes next in your other window (on {held.host}, since {since}): "
                "go on with it there, or close that window first"
            )
