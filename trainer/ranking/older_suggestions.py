"""Pass over suggestions of before: which classes they show, by which annotators filter the queue."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from trainer.errors import SkinsegError
from trainer.project.queue.queue_filter import classes_in

if TYPE_CHECKING:
    from trainer.project.project import Project

STEP_SECONDS = 0.2
"""After so long other work has its turn."""


class OlderSuggestions:
    """Looks once into every suggestion that was made before it was kept what suggestions show."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._after: int | None = 0
        self._waiting: list[int] = []

    def step(self) -> bool:
        """Look into some; False where all have been."""
        until = time.monotonic() + STEP_SECONDS
        seen: dict[int, list[int]] = {}
        while time.monotonic() < until and (self._waiting or self._after is not None):
            if self._after is not None and not self._waiting:
                self._waiting, self._after = self._project.statistics.keep_older(self._after)
                continue
            photo_id = self._waiting.pop()
            made = self._project.predictions.get(photo_id)
            with suppress(SkinsegError):  # damaged, or a newer one has come, which told it itself
                if made is not None:
                    seen[photo_id] = classes_in(self._project.predictions.read(made)[0])
        self._project.statistics.keep_seen(seen)
        return bool(seen or self._waiting or self._after is not None)
