"""Stopwatch of the active time on a photo."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

IDLE_SECONDS = 60.0


class Stopwatch:
    """Seconds of activity; a pause longer than `idle` seconds does not count.

    Parameters
    ----------
    clock
        Monotonic seconds.
    idle
        The longest pause that counts as looking.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, idle: float = IDLE_SECONDS) -> None:
        self._clock = clock
        self._idle = idle
        self.restart()

    def restart(self, seconds: float = 0.0) -> None:
        """Begin at `seconds`."""
        self._counted = seconds
        self._last = self._clock()

    def touch(self, *_: object) -> None:
        """Count the time since the last activity: a stroke, a key, a move of the mouse."""
        now = self._clock()
        if now - self._last <= self._idle:
            self._counted += now - self._last
        self._last = now

    @property
    def settled(self) -> float:
        """Active seconds until the last activity, which are counted whatever comes: this never goes back."""
        return self._counted

    @property
    def seconds(self) -> float:
        """Active seconds until now."""
        silence = self._clock() - self._last
        return self._counted + (silence if silence <= self._idle else 0.0)
