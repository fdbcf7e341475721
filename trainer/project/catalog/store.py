"""Ground of a project: its folder, catalog, settings and event log."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from trainer.errors import ReadOnlyError
from trainer.project.catalog.events import EventLog

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trainer.labels.classes import ClassSet
    from trainer.project.catalog.catalog import Catalog
    from trainer.settings.model import Settings

__all__ = ["Store"]


class Store:
    """Folder and catalog of an open project; its components share one.

    Attributes
    ----------
    path : Path
        The project folder.
    id : str
        Identity of the project, the same in its folder and in its catalog.
    salt : str
        Salt of the project's random orders and splits.
    classes : ClassSet
        Fixed when the project was made.
    settings : Settings
        As read when the project was opened.
    events : EventLog
        The event log, which can only be added to.
    """

    def __init__(
        self, path: Path, catalog: Catalog, meta: Mapping[str, str], classes: ClassSet, settings: Settings
    ) -> None:
        self.path = path
        self.catalog = catalog
        self.classes = classes
        self.settings = settings
        self.id = meta["id"]
        self.salt = meta["salt"]
        self.events = EventLog(catalog)

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
        """Return a number that changes with every commit; cheap enough for every tick."""
        return self.catalog.data_version()

    def require_writable(self) -> None:
        """Refuse a change to a project that is open for reading only.

        Raises
        ------
        ReadOnlyError
            If it is.
        """
        if self.read_only:
            raise ReadOnlyError(
                f"{self.path} is open for reading only: nothing can be saved; ask its owner for write access"
            )
