"""Times that keep the order of what happened, also when the clock is put back."""

from __future__ import annotations

import time

import sqlalchemy as sa

__all__ = ["next_time"]

_STEP = 0.001


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
    return time.time() if latest is None else max(time.time(), float(latest) + _STEP)
