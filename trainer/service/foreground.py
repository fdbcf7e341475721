"""A command of skinseg as a process of its own: progress as it goes, one reply, an end on demand.

The window measures and predicts through it, because these need torch. The process is told by the variable
`SKINSEG_PROGRESS` to write its progress to stderr, one line `progress [what, done, total]` at a time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from typing import Any

from trainer.errors import SkinsegError

__all__ = ["PROGRESS", "Cancelled", "CommandProcess", "format_progress", "parse_progress"]

PROGRESS = "SKINSEG_PROGRESS"
MARK = "progress "

Progress = Callable[[str, int, int | None], None]


class Cancelled(Exception):
    """The work was ended on demand."""


class CommandProcess:
    """One command line of skinseg, with `--json`; to be run once.

    Parameters
    ----------
    words
        As after `skinseg` on the command line.
    """

    def __init__(self, words: Sequence[str]) -> None:
        # -P: a folder "trainer" in the working directory must not be taken for the package.
        self._command = [sys.executable, "-P", "-m", "trainer", *words, "--json"]
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._cancelled = False

    def run(self, progress: Progress) -> dict[str, Any]:
        """Run it to its end, and call `progress(what, done, total)` on the way; if that raises, it is ended.

        Returns
        -------
        dict
            What the command replied.

        Raises
        ------
        SkinsegError
            With the command's own line, where it failed.
        Cancelled
            If `cancel` ended it.
        """
        # A file and not a pipe: a long reply would fill the pipe while stderr is read, and both would wait.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out:
            last = ""
            process = self._start(out)
            assert process.stderr is not None
            with process:
                try:
                    for line in process.stderr:
                        found = parse_progress(line)
                        if found is not None:
                            progress(*found)
                        elif line.strip():
                            last = line.strip()
                except BaseException:
                    process.terminate()
                    raise
            if self._cancelled:
                raise Cancelled
            out.seek(0)
            reply = _reply(out.read())
        if reply is None or "error" in reply:
            why = last or f"the command ended with {process.returncode}"
            raise SkinsegError(str(reply["error"]) if reply else why.removeprefix("skinseg: "))
        return reply

    def cancel(self) -> None:
        """End the process; from any thread, at any time. What it has written stays."""
        with self._lock:
            self._cancelled = True
            if self._process is not None:
                self._process.terminate()

    def _start(self, out: Any) -> subprocess.Popen[str]:
        with self._lock:
            if self._cancelled:
                raise Cancelled
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.PIPE,
                env=os.environ | {PROGRESS: "lines", "PYTHONIOENCODING": "utf-8"},
                encoding="utf-8",
                errors="replace",
            )
            return self._process


def format_progress(what: str, done: int, total: int | None) -> str:
    """Write progress as one line."""
    return MARK + json.dumps([what, done, total])


def parse_progress(line: str) -> tuple[str, int, int | None] | None:
    """Read a line of progress; None if it is another line."""
    if not line.startswith(MARK):
        return None
    try:
        what, done, total = json.loads(line[len(MARK) :])
        return str(what), int(done), None if total is None else int(total)
    except (ValueError, TypeError):
        return None


def _reply(text: str) -> dict[str, Any] | None:
    """Read the JSON object that a command printed; None if it did not come so far."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
