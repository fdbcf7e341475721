"""Scrubbing of the database: what it still holds of deleted rows, in free pages and in its log."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from trainer.project.catalog import schema
from trainer.project.catalog.engines import BUSY_SECONDS

if TYPE_CHECKING:
    import sqlalchemy as sa

    from trainer.project.project import Project

__all__ = ["scrub"]


def scrub(project: Project) -> list[str]:
    """Write the database anew without what was deleted; returns what could not be done, with its mend."""
    catalog = project.catalog
    if not catalog.is_sqlite:
        return _vacuum_postgresql(catalog.engine)
    try:
        with closing(sqlite3.connect(catalog.file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError as error:
        return [f"the catalog could not be written anew ({error}): purge the photo's number again later"]
    if busy:
        return [
            "a window or trainer is reading the catalog, whose log (catalog.sqlite-wal) still holds deleted "
            "rows: they go when the last one closes it"
        ]
    return []


def _vacuum_postgresql(engine: sa.Engine) -> list[str]:
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in schema.metadata.sorted_tables:
                connection.exec_driver_sql(f'VACUUM "{table.name}"')
    except DBAPIError as error:
        return [f"PostgreSQL could not vacuum ({error.orig}): have its owner run VACUUM"]
    return ["PostgreSQL's own logs and copies of them keep deleted rows until they are recycled"]
