"""Progress of long work, on stderr: a bar with the time left on a terminal, nothing in a pipe."""

from __future__ import annotations

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

Advance = Callable[[int], None]


def say(message: str) -> None:
    """Print a line for people while a command goes on; stdout is for its outcome."""
    Console(stderr=True).print(f"skinseg: {escape(message)}", highlight=False, soft_wrap=True)


def _progress(*columns: ProgressColumn) -> Progress:
    """Bars on a terminal; in a pipe nothing at all, not even the line end that rich would print."""
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def counted(what: str, total: int | None = None) -> Iterator[Advance]:
    """Yield `advance(done)`, which moves the bar to `done` of `total` (unknown: a spinner and the count)."""
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
