"""Runner of a study: run after run, sharing the work with other processes through files alone.

Every run has a lock (`runs/.NAME.lock`, released by the system however its holder ends). A process takes the
first run that is neither done nor locked; when all that is left is in other hands it waits, and takes over
what somebody abandoned. So a second process on the same machine helps by being started.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from trainer.engine.torchrun import Rank
from trainer.errors import SkinsegError
from trainer.study.design import Design, runs_folder
from trainer.study.runs import RunSpec, is_done
from trainer.study.time_left import TimeLeft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from trainer.project.project import Project
    from trainer.training.round_context import RoundProgress

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Progress:
    """Progress of a study."""

    number: int
    """Of the run under way, 1 to ``total``."""
    total: int
    done: int
    title: str
    phase: str
    step: int
    steps: int
    seconds_left: float | None
    """Of the whole study; None: not known yet."""


def run_study(
    project: Project,
    design: Design,
    *,
    device: str = "auto",
    rank: Rank | None = None,
    expected: Mapping[str, float] | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> int:
    """Do what is left of a study, and wait for what other processes are at; return the runs done here.

    Parameters
    ----------
    expected
        Seconds each run is thought to take, by its name; for the time left.
    rank
        Of several processes started together: this one begins with runs r, r + W, ..., then helps.

    Raises
    ------
    SkinsegError
        Of a run; the runs before it are kept.
    """
    rank = rank or Rank()
    folder = runs_folder(project.path, design.study.name)
    folder.mkdir(parents=True, exist_ok=True)
    numbers = {run.name: number for number, run in enumerate(design.runs, 1)}
    mine = [*design.runs[rank.rank :: rank.world], *design.runs]
    time_left = TimeLeft.of(design, done_runs(folder, design), expected)
    made = 0
    while len(done_runs(folder, design)) < len(design.runs):
        taken = False
        for run in mine:
            if not ready(folder, run, design):
                continue
            with locked(folder, run.name) as ours:
                if not ours or is_done(folder, run.name):
                    continue
                tick = _reporter(folder, design, numbers[run.name], run, time_left, report)
                do_run(project, run, folder, device, tick)
                made, taken = made + 1, True
                break
        if not taken:
            time.sleep(POLL_SECONDS)
    return made


def check_runs(design: Design, device: str) -> None:
    """Refuse what no run could begin with, before anything is written.

    Raises
    ------
    ConfigError
        An unknown encoder.
    SkinsegError
        A device that is not there.
    """
    from trainer.engine.device import choose_device
    from trainer.networks.encoders import check_encoder

    choose_device(device)
    for encoder in {str(run.settings["training"].get("encoder", "auto")) for run in design.runs} - {"auto"}:
        check_encoder(encoder)


def done_runs(folder: Path, design: Design) -> frozenset[str]:
    """Name the runs that have their files."""
    return frozenset(run.name for run in design.runs if is_done(folder, run.name))


def ready(folder: Path, run: RunSpec, design: Design) -> bool:
    """Tell whether a run is still to do and the weights it starts from are there."""
    if is_done(folder, run.name):
        return False
    first = design.runs[0]
    needs = {arm.name for arm in design.arms if arm.weights == "colorization"}
    return run.arm not in needs or not first.pretext or is_done(folder, first.name)


@contextmanager
def locked(folder: Path, name: str) -> Iterator[bool]:
    """Lock a run, and yield whether this process got it."""
    lock = FileLock(folder / f".{name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def do_run(
    project: Project, run: RunSpec, folder: Path, device: str, tick: Callable[[RoundProgress], None]
) -> None:
    """Do one run; its errors name it."""
    from trainer.study.train import carry_out

    try:
        carry_out(project, run, folder, device=device, tick=tick)
    except SkinsegError as error:
        raise type(error)(f"run {run.name}: {error}") from error


def _reporter(
    folder: Path,
    design: Design,
    number: int,
    run: RunSpec,
    time_left: TimeLeft,
    report: Callable[[Progress], None],
) -> Callable[[RoundProgress], None]:
    """Make the function that turns a round's ticks into reports; it counts files once a second at most."""
    done, looked = frozenset[str](), -1.0

    def tick(round_: RoundProgress) -> None:
        nonlocal done, looked
        now = time.monotonic()
        if now - looked > 1:
            done, looked = done_runs(folder, design), now
        share = {"prepare": 0.0, "validate": 1.0}.get(round_.phase, round_.step / max(1, round_.steps))
        left = time_left.seconds(done, run.name, share)
        where = (number, len(design.runs), len(done), run.title, round_.phase, round_.step, round_.steps)
        report(Progress(*where, left))

    return tick
