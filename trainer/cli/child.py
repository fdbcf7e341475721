"""Programs that a command runs to their end and that do not outlive it, and commands that are ended."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psutil

from trainer.service.stop_signals import stop_on_signal

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Let whoever ends this process, or closes its terminal, interrupt the body as Ctrl-C does.

    So what the body has begun is removed, and what it has started ends with it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    previous = {n: signal.signal(n, signal.default_int_handler) for n in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def run_child(words: list[str], json: bool = False) -> int:
    """Run a program to its end; where this process is asked to end, it and all that it started are.

    Parameters
    ----------
    words
        The program and its arguments.
    json
        Stdout is for one JSON object: what the program prints goes to stderr.

    Returns
    -------
    int
        Its exit status.

    Raises
    ------
    KeyboardInterrupt
        If it was ended on demand.
    """
    process = subprocess.Popen(words, stdout=sys.stderr if json else None)
    asked: list[bool] = []

    def end() -> None:
        asked.append(True)
        with suppress(psutil.Error):
            for started in psutil.Process(process.pid).children(recursive=True):
                with suppress(psutil.Error):
                    started.terminate()
        process.terminate()

    with stop_on_signal(end):
        code = process.wait()
    if asked:
        raise KeyboardInterrupt
    return code
