"""Jobs: work off the main thread with readable progress, an end on demand, and one outcome. No Qt."""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainer.errors import SkinsegError
from trainer.service.foreground import Cancelled, CommandProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_OPTION = re.compile(r"--(?=[a-z])")
"""Options in messages of the commands; the questions of a form have the same names, without dashes."""


@dataclass(frozen=True)
class Outcome:
    """The result of a job.

    Attributes
    ----------
    text : str
        One line.
    details : sequence of str
        One line for each thing that was not as it should be.
    level : {"info", "warning", "error"}
        "error": nothing came of it.
    project : Path or None
        The project that holds more than before.
    summary : sequence of str
        One line for each thing to look at, below the others.
    """

    text: str
    details: Sequence[str] = ()
    level: str = "info"
    project: Path | None = None
    summary: Sequence[str] = ()

    def lines(self, most: int = 6) -> list[str]:
        """Return the text, the first details, how many there are besides, and the summary."""
        left = len(self.details) - most
        shown = [self.text, *(f"• {detail}" for detail in self.details[:most])]
        shown += [f"and {left:,} more"] if left > 0 else []
        return [_OPTION.sub("", line) for line in [*shown, *self.summary]]

    @property
    def line(self) -> str:
        """The text and the first detail, in one line."""
        more = f" (and {len(self.details) - 1} more)" if len(self.details) > 1 else ""
        line = " ".join((self.text, *self.details[:1])) + more
        return _OPTION.sub("", " ".join(line.split()))


class Job:
    """One piece of work.

    Parameters
    ----------
    work
        Called with the job, off the main thread.
    """

    def __init__(self, work: Callable[[Job], Outcome]) -> None:
        self._work = work
        self._stop = threading.Event()
        self._process: CommandProcess | None = None
        self.aborted: Callable[[], bool] = self._stop.is_set
        """Whether the work shall end, for other reasons than `cancel`: the program quits."""
        self.progress: tuple[str, int, int | None] = ("", 0, None)
        """What is done now, how much of it, and of how much (None: not known)."""

    def run(self) -> Outcome:
        """Do the work; errors are outcomes too."""
        try:
            return self._work(self)
        except Cancelled:
            what, done, _ = self.progress
            kept = f" after {what} {done:,}" if done else ""
            return Outcome(f"Cancelled{kept}; what was written stays.", level="warning")
        except (SkinsegError, OSError) as error:
            return Outcome(str(error), level="error")
        except Exception as error:
            logging.getLogger(__name__).exception("a form failed")
            return Outcome(f"failed: {type(error).__name__}: {error}", level="error")

    def counter(self, what: str) -> Callable[[int], None]:
        """Return a function that notes how far `what` is, and ends the work if that was asked for."""
        return lambda done: self.note(what, done, None)

    def note(self, what: str, done: int, total: int | None) -> None:
        """Note how far the work is.

        Raises
        ------
        Cancelled
            If it shall end.
        """
        self.progress = (what, done, total)
        if self._stop.is_set() or self.aborted():
            raise Cancelled

    def command(self, *words: str) -> dict[str, Any]:
        """Run a command of skinseg in a process of its own; returns its reply.

        Raises
        ------
        SkinsegError
            With the command's own line, where it failed.
        Cancelled
            If the job was cancelled.
        """
        self._process = CommandProcess(words)
        if self._stop.is_set():
            raise Cancelled
        return self._process.run(self.note)

    def cancel(self) -> None:
        """Ask the work to end; it does at its next step, a command at once."""
        self._stop.set()
        if self._process is not None:
            self._process.cancel()
