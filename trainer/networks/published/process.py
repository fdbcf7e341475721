"""Weights fetched by a process of its own: the authors' files need torch, which a window never loads."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING

from trainer.networks.published.folder import find_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trainer.networks.published.registry import PublishedWeights

LONGEST_SECONDS = 1800.0


def announcement(weights: PublishedWeights, verb: str = "fetching") -> str:
    """One line on weights that are about to come, with their size and licence."""
    note = f", {weights.licence_note}" if weights.licence_note else ""
    return (
        f"{verb} the weights {weights.name} ({weights.megabytes}, licence {weights.licence}{note}): "
        f"{weights.network}"
    )


def loss(weights: PublishedWeights, why: str) -> str:
    """One line on weights that could not be fetched, and what is missed without them."""
    return f"going on without the weights {weights.name}, which would give {weights.gives}; {why}"


@contextlib.contextmanager
def fetched_meanwhile(weights: PublishedWeights, say: Callable[[str], None]) -> Iterator[None]:
    """Fetch published weights while the body works, and wait for them after it.

    Goes on without where they cannot be had.

    Parameters
    ----------
    say
        Called with what is fetched, and where that fails with what is missed; not where they are at hand.
    """
    process = begin_fetching(weights)
    if process is not None:
        say(announcement(weights))
    try:
        yield
    except BaseException:
        stop_fetching(process)
        raise
    if why := end_fetching(process):
        say(loss(weights, why))


def begin_fetching(weights: PublishedWeights) -> subprocess.Popen[str] | None:
    """Start fetching published weights; None: they are at hand already."""
    if find_whole(weights) is not None:
        return None
    # -P: a folder "trainer" in the working directory must not be taken for the package.
    words = [sys.executable, "-P", "-m", "trainer", "weights", "get", weights.name, "--json"]
    return subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def end_fetching(process: subprocess.Popen[str] | None, seconds: float = LONGEST_SECONDS) -> str:
    """Wait for `begin_fetching`; returns why there are no weights, empty: they are at hand."""
    if process is None:
        return ""
    try:
        out, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        stop_fetching(process)
        return f"fetching them took longer than {seconds / 60:.0f} minutes"
    if process.returncode == 0:
        return ""
    try:
        return str(json.loads(out)["error"])
    except (ValueError, KeyError, TypeError):
        return f"fetching them ended with status {process.returncode}"


def stop_fetching(process: subprocess.Popen[str] | None) -> None:
    """End a process of `begin_fetching` that is not wanted any more; it leaves nothing behind."""
    if process is None or process.poll() is not None:
        return
    process.terminate()  # not Ctrl-C, which it ignores where a script started it in the background
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(15)
    process.kill()
    process.communicate()
