"""News: whether the catalog changed since the trainer last looked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.project.project import Project

AT_LEAST_EVERY = 1.0
"""Seconds after which it looks without a change too: a lease runs out without a commit."""


class News:
    """Watches one catalog."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._version = -1
        self._looked = 0.0

    def is_there(self) -> bool:
        """Tell whether the catalog changed since the last look, or that look is long enough ago."""
        version, now = self._project.data_version(), time.monotonic()
        if version == self._version and now - self._looked < AT_LEAST_EVERY:
            return False
        self._version, self._looked = version, now
        return True

    def look_again(self) -> None:
        """Count as news whatever is there at the next look."""
        self._looked = 0.0
