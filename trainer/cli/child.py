"""A program that a command runs to its end, and that does not outlive the command."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

import psutil

from trainer.service.stop_signals import stop_on_signal


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
