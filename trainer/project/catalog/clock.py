"""Clocks: the one that all annotators share, and times that keep the order of what happened."""

from __future__ import annotations

import time

import sqlalchemy as sa

__all__ = ["next_time", "shared_time"]

_STEP = 0.001
_SERVERS = sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)


def shared_time(connection: sa.Connection) -> float:
    """Return the time by the clock that all who use the catalog share, in seconds since the epoch.

    On PostgreSQL the server's: the clocks of two annotators may be an hour apart, and a lease that one made
    would have run out for the other. SQLite is for one machine, whose clock it is.
    """
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.execute(sa.select(_SERVERS)).scalar_one())


def next_time(connection: sa.Connection, column: sa.Column[float], *where: sa.ColumnElement[bool]) -> float:
    """Return the time for a new row: now, or just after the latest one where the clock says less.

    Parameters
    ----------
    connection : Connection
        In a transaction that writes, so that nobody comes between.
    column : Column
        Time of the rows.
    *where
        Which rows count.
    """
    latest = connection.execute(sa.select(sa.func.max(column)).where(*where)).scalar()
    now = shared_time(connection)
    return now if latest is None else max(now, float(latest) + _STEP)
