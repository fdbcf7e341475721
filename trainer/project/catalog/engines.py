"""Engines of the two databases: how each connects, and how its transactions begin."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.pool import ConnectionPoolEntry

__all__ = ["connect_sqlite", "postgresql_engine", "sqlite_engine"]

BUSY_SECONDS = 30.0
"""A writer waits this long for its turn."""
ALIVE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""A server that went without a word is noticed within half a minute, and not after the system's two hours."""


def connect_sqlite(file: Path, read_only: bool) -> sqlite3.Connection:
    """Open an SQLite file; one that cannot be written as it is."""
    if not read_only:
        return sqlite3.connect(file, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
    mode = "mode=ro"
    if not os.access(file.parent, os.W_OK) and not file.with_name(f"{file.name}-wal").exists():
        mode = "mode=ro&immutable=1"  # a WAL database needs a file beside it, which cannot be made here
    uri = f"{file.resolve().as_uri()}?{mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)


def sqlite_engine(file: Path, read_only: bool) -> sa.Engine:
    """Return an engine whose writers wait their turn at the beginning of a transaction."""
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: connect_sqlite(file, read_only),
        poolclass=sa.QueuePool,
        pool_size=5,
        max_overflow=15,
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        with closing(connection.cursor()) as cursor:
            if not read_only:
                cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = NORMAL")
            cursor.execute("PRAGMA cache_size = -16384")
            cursor.execute("PRAGMA temp_store = MEMORY")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("skinseg_write"):
            connection.exec_driver_sql("BEGIN")
            return
        level = "FULL" if options.get("skinseg_durable") else "NORMAL"
        connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def postgresql_engine(url: sa.URL) -> sa.Engine:
    """Return an engine that notices a server that went, and waits for the disk only where that is asked."""
    engine = sa.create_engine(
        url, pool_pre_ping=True, pool_size=5, max_overflow=15, pool_timeout=BUSY_SECONDS, connect_args=ALIVE
    )

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        if options.get("skinseg_write") and not options.get("skinseg_durable"):
            connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")

    return engine
