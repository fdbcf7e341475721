"""Batch rounds: options of `retrain` and `pretrain`, and one round in the foreground."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer.cli.progress import staged
from trainer.engine.torchrun import Rank
from trainer.project.states import RoundState
from trainer.service.schedule import PRETEXT
from trainer.settings.plan import Lane

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trainer.project.models.trainer_channel import Round
    from trainer.project.project import Project
    from trainer.training.round import RoundResult

StepsOption = Annotated[int | None, typer.Option("--steps", min=1, help="Training steps.")]
SizeOption = Annotated[int | None, typer.Option("--size", min=32, help="Side of a training crop, in pixels.")]
EncoderOption = Annotated[str | None, typer.Option("--encoder", help="Encoder of the network, as resnet50.")]
BatchOption = Annotated[int | None, typer.Option("--batch", min=2, help="Crops per step.")]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="Seed of everything that is drawn.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", help="Any setting, as KEY=VALUE; may be repeated.")
]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on with one that was interrupted.")]


def overrides(given: Mapping[str, object], set_: list[str] | None) -> dict[str, str]:
    """Collect the settings that the command line changes: those with an option of their own, and `--set`."""
    return pairs(set_ or []) | {f"training.{k}": str(v) for k, v in given.items() if v is not None}


def spoken(given: Mapping[str, object], set_: list[str] | None) -> list[str]:
    """List the same options as they were typed."""
    return [f"--{name}" for name, value in given.items() if value is not None] + [
        f"--set {word}" for word in set_ or []
    ]


def pairs(words: list[str]) -> dict[str, str]:
    """Split `KEY=VALUE` words into a mapping."""
    from trainer.errors import ConfigError

    for word in words:
        if "=" not in word:
            raise ConfigError(f"--set {word}: write KEY=VALUE, as --set lr=0.0003")
    return {key.strip(): value.strip() for key, value in (word.split("=", 1) for word in words)}


def run_here(
    project: Project,
    path: Path,
    device: str,
    resume: bool,
    chosen: list[str],
    pretext: bool = False,
    **choices: Any,
) -> tuple[RoundResult | None, str]:
    """Train one round in this process, under a progress bar.

    Parameters
    ----------
    path
        The project as a person named it.
    resume, chosen, pretext
        See `take_up`.
    **choices
        For the round.

    Returns
    -------
    RoundResult or None
        None: it was stopped.
    str
        What is kept of a round that was stopped, and how it goes on; else empty.
    """
    from trainer.service.logs import log_to
    from trainer.service.service import Service

    if started_again() and _can_go_on(project, pretext):
        resume, chosen = True, []
    log_to(path)
    service = Service(project, device)
    with service.running(background=False), staged() as advance:
        service.on_progress = lambda p: advance(p.phase, p.step, p.steps)
        result = service.train(Lane.BATCH, take_up(project, resume, chosen, pretext), **choices)
    return result, stopped_line(project, path, pretext) if result is None else ""


def take_up(project: Project, resume: bool, chosen: list[str], pretext: bool = False) -> str | None:
    """Find the interrupted retrain (or pretrain) to go on with; without `resume`, close such rounds.

    A round goes on as it began, so options `chosen` anew are refused.
    """
    from trainer.errors import ConfigError, ProjectError
    from trainer.training.checkpoints import can_resume

    left = open_rounds(project, pretext)
    word = "pretrain" if pretext else "retrain"
    if resume and not left:
        raise ProjectError(f"{project.path} has no interrupted {word} to go on with: leave out --resume")
    if resume and not can_resume(project.path / "rounds" / left[0].id):
        raise ProjectError(
            f"{project.path}: nothing was kept of the interrupted {word} {left[0].id}: leave out --resume to "
            "start anew"
        )
    if resume and chosen:
        raise ConfigError(
            f"--resume goes on with round {left[0].id} as it began: leave out {', '.join(chosen)}, "
            "or leave out --resume to start anew"
        )
    for round_ in left[1:] if resume else left:
        project.trainer.finish_round(round_.id, RoundState.STOPPED, why="given up for another one")
    return left[0].id if resume else None


def started_again() -> bool:
    """Whether torchrun has started this command again, because one of its processes was lost."""
    return Rank.read(os.environ).attempt > 0


def _can_go_on(project: Project, pretext: bool) -> bool:
    from trainer.training.checkpoints import can_resume

    left = open_rounds(project, pretext)
    return bool(left) and can_resume(project.path / "rounds" / left[0].id)


def stopped_code() -> int:
    """Exit status of a round that was stopped; torchrun would start anew what ends with another."""
    return 0 if Rank.read(os.environ).attempts else 130


def open_rounds(project: Project, pretext: bool) -> list[Round]:
    """List the rounds of `retrain` (or `pretrain`) that have no end, the latest first."""
    left = [r for r in project.trainer.rounds() if r.ended is None and r.lane == Lane.BATCH]
    return [r for r in left if (r.recipe == PRETEXT) == pretext]


def stopped_line(project: Project, path: Path, pretext: bool = False) -> str:
    """Say what is kept of the round that was just stopped, and the command that goes on with it."""
    from trainer.training.checkpoints import has_checkpoint

    folder = project.path / "rounds" / open_rounds(project, pretext)[0].id
    there = has_checkpoint(folder)
    kept = "; its checkpoint is kept" if there else " before its first step; what was asked for is kept"
    word = "pretrain" if pretext else "retrain"
    return f"Stopped{kept}. Go on: skinseg {word} {path} --resume"
