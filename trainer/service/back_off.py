"""Waiting time after failures, doubled each time up to a limit."""

from __future__ import annotations

import time

FIRST_SECONDS, LONGEST_SECONDS = 5.0, 300.0


class BackOff:
    """Failures in a row, and the time until the next try.

    Attributes
    ----------
    failures : int
        Failures since the last success.
    message : str
        The latest failure in one line; empty after a success.
    """

    def __init__(self) -> None:
        self.failures = 0
        self.message = ""
        self._until = 0.0

    @property
    def seconds(self) -> float:
        """Seconds until the next try, 0 where nothing stands in its way."""
        return max(0.0, self._until - time.monotonic())

    def fail(self, message: str, mends_itself: bool = False) -> float:
        """Count a failure; return the seconds to wait: always the same ones for what mends itself."""
        self.failures += 1
        self.message = message
        doubled = 0 if mends_itself else self.failures - 1
        wait = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0**doubled)
        self._until = time.monotonic() + wait
        return wait

    def succeed(self) -> None:
        """Forget the failures."""
        self.failures, self.message, self._until = 0, "", 0.0
