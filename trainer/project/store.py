"""What every part of a project stands on: its folder, its catalog, its settings and its event log."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from trainer.errors import ReadOnlyError
from trainer.labels.classes import ClassSet
from trainer.project import schema
from trainer.project.catalog import Catalog
from trainer.settings.model import Settings

__all__ = ["Event", "Store"]


@dataclass(frozen=True)
class Event:
    """One line of the event log."""

    id: int
    created: float
    kind: str
    who: str
    photo_id: int | None
    data: Mapping[str, Any]


class Store:
    """The folder and the catalog of an open project; `Project` adds what can be done with them.

    Attributes
    ----------
    path : Path
        The project folder.
    id : str
        Identity of the project, the same in its folder and in its catalog.
    classes : ClassSet
        Fixed when the project was made.
    settings : Settings
        As read when the project was opened.
    """

    def __init__(
        self, path: Path, catalog: Catalog, meta: Mapping[str, str], classes: ClassSet, settings: Settings
    ) -> None:
        self.path = path
        self.catalog = catalog
        self.classes = classes
        self.settings = settings
        self.id = meta["id"]
        self._salt = meta["salt"]

    @property
    def read_only(self) -> bool:
        """Whether nothing can be saved."""
        return self.catalog.read_only

    @cached_property
    def database_url(self) -> str:
        """Address of the catalog."""
        if self.catalog.is_sqlite:
            return f"sqlite:///{self.catalog.file}"
        return self.catalog.url.render_as_string(hide_password=False)

    def data_version(self) -> int:
        """A number that is another one whenever somebody has committed; cheap enough for every tick."""
        return self.catalog.data_version()

    def event(self, kind: str, who: str, photo_id: int | None = None, **data: Any) -> None:
        """Write one line into the event log, which can only be added to."""
        with self.catalog.write() as connection:
            self._log(connection, kind, who, photo_id, **data)

    def events(self, limit: int = 100, kind: str | None = None) -> list[Event]:
        """The latest lines of the event log, newest first."""
        query = sa.select(schema.event).order_by(schema.event.c.id.desc()).limit(limit)
        if kind is not None:
            query = query.where(schema.event.c.kind == kind)
        with self.catalog.read() as connection:
            return [Event(**row) for row in connection.execute(query).mappings()]

    def _log(
        self, connection: sa.Connection, kind: str, who: str, photo_id: int | None = None, **data: Any
    ) -> None:
        connection.execute(
            sa.insert(schema.event).values(
                created=time.time(), kind=kind, who=who, photo_id=photo_id, data=data
            )
        )

    def _require_writable(self) -> None:
        if self.read_only:
            raise ReadOnlyError(f"{self.path} is open for reading only: nothing can be saved in it")

    @contextmanager
    def _change(self, durable: bool = False) -> Iterator[sa.Connection]:
        with self.catalog.write(durable) as connection:
            yield connection
