"""Progress of long work, on stderr: a bar with the time left on a terminal, nothing in a pipe.

A program that runs a command gets lines instead, if it asks for them (`trainer.service.foreground`).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from trainer.service.foreground import PROGRESS, format_progress

LINE_SECONDS = 0.1
"""Lines of progress come no faster than this."""

Advance = Callable[[int], None]


def say(message: str) -> None:
    """Print a line for people while a command goes on; stdout is for its outcome."""
    Console(stderr=True).print(f"skinseg: {escape(message)}", highlight=False, soft_wrap=True)


def _progress(*columns: ProgressColumn) -> Progress:
    """Make bars for a terminal; in a pipe nothing at all, not even the line end that rich would print."""
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _lines() -> Callable[[str, int, int | None], None]:
    """Return a function that writes progress to stderr line by line, the first and the last at once."""
    shown, last = "", 0.0

    def write(what: str, done: int, total: int | None) -> None:
        nonlocal shown, last
        now = time.monotonic()
        if what != shown or done == total or now - last > LINE_SECONDS:
            shown, last = what, now
            print(format_progress(what, done, total), file=sys.stderr, flush=True)

    return write


@contextmanager
def counted(what: str, total: int | None = None) -> Iterator[Advance]:
    """Yield `advance(done)`, which moves the bar to `done` of `total` (unknown: a spinner and the count)."""
    if os.environ.get(PROGRESS):
        write = _lines()
        yield lambda done: write(what, done, total)
        return
    columns = (
        [SpinnerColumn(), TextColumn("{task.description} {task.completed:,}"), TimeElapsedColumn()]
        if total is None
        else [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    )
    with _progress(*columns) as progress:
        task = progress.add_task(what, total=total)

        def advance(done: int) -> None:
            progress.update(task, completed=done)

        yield advance


@contextmanager
def staged() -> Iterator[Callable[[str, int, int], None]]:
    """Yield `advance(what, done, total)` for work in several parts (a round: train, validate)."""
    if os.environ.get(PROGRESS):
        yield _lines()
        return
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    with _progress(*columns) as progress:
        task = progress.add_task("starting", total=None)
        current = ""

        def advance(what: str, done: int, total: int) -> None:
            nonlocal current
            if what != current:
                current = what
                progress.reset(task, description=what, total=total, completed=done)
            else:
                progress.update(task, completed=done, total=total)

        yield advance
