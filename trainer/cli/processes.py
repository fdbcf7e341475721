"""Processes of torchrun behind one command: the first does its work, the others train beside it."""

from __future__ import annotations

import os
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

from trainer.engine.torchrun import Rank

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.cli.reply import Reply

P = ParamSpec("P")


def shared_by_processes(command: Callable[P, Reply]) -> Callable[P, Reply | int]:
    """Let torchrun's processes share a command that trains, which has ``directory`` and ``device``."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> Reply | int:
        if Rank.read(os.environ).world == 1:  # torch is not loaded before it is needed
            return command(*args, **kwargs)
        from trainer.engine.ranks import joined

        device = str(kwargs["device"])
        with joined(device) as ranks:
            if ranks.first:
                return command(*args, **kwargs)
            train_beside(Path(str(kwargs["directory"])), device)
            return 0

    return run


def train_beside(path: Path, device: str) -> None:
    """Follow the round that the first process has opened, until it ends or is stopped there or here.

    Parameters
    ----------
    path
        The project as a person named it; every machine has to see it there.

    Raises
    ------
    SkinsegError
        The project cannot be read here, or another process was lost.
    """
    from trainer.project.project import Project
    from trainer.service.stop_signals import stop_on_signal
    from trainer.training.followed_round import follow_round
    from trainer.training.round_context import RoundProgress, StopRound

    asked = False

    def stop() -> None:
        nonlocal asked
        asked = True

    def tick(progress: RoundProgress) -> None:
        if asked:
            raise StopRound("stopped")

    with Project.open(path, read_only=True) as project, stop_on_signal(stop):
        try:
            follow_round(project, tick=tick, device=device)
        except StopRound:
            return
