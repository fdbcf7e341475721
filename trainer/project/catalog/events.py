"""The event log: one line for each change, never altered afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog import schema
from trainer.project.catalog.clock import shared_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.project.catalog.catalog import Catalog

__all__ = ["Event", "EventLog"]


@dataclass(frozen=True)
class Event:
    """One line of the event log."""

    id: int
    created: float
    kind: str
    who: str
    photo_id: int | None
    data: Mapping[str, object]


class EventLog:
    """The event log of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def add(self, kind: str, who: str, photo_id: int | None = None, **data: object) -> None:
        """Write one line in a transaction of its own."""
        with self._catalog.write() as connection:
            self.write(connection, kind, who, photo_id, **data)

    def write(
        self, connection: sa.Connection, kind: str, who: str, photo_id: int | None = None, **data: object
    ) -> None:
        """Write one line in the transaction of the change that it tells of."""
        connection.execute(
            sa.insert(schema.event).values(
                created=shared_time(connection), kind=kind, who=who, photo_id=photo_id, data=data
            )
        )

    def latest(self, limit: int = 100, kind: str | None = None) -> list[Event]:
        """Return the latest lines, newest first."""
        query = sa.select(schema.event).order_by(schema.event.c.id.desc()).limit(limit)
        if kind is not None:
            query = query.where(schema.event.c.kind == kind)
        with self._catalog.read() as connection:
            return [Event(**row) for row in connection.execute(query).mappings()]
