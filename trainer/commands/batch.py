"""What `retrain` and `pretrain` have in common: options, and which interrupted round to go on with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from trainer.schedule import PRETEXT

if TYPE_CHECKING:
    from trainer.project import Project

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
    """Settings that the command line changes: those with an option of their own, and `--set`."""
    return pairs(set_ or []) | {f"training.{k}": str(v) for k, v in given.items() if v is not None}


def spoken(given: Mapping[str, object], set_: list[str] | None) -> list[str]:
    """The same as a person typed them."""
    return [f"--{name}" for name, value in given.items() if value is not None] + [
        f"--set {word}" for word in set_ or []
    ]


def pairs(words: list[str]) -> dict[str, str]:
    """`KEY=VALUE` words as a mapping."""
    from trainer.project.errors import ConfigError

    for word in words:
        if "=" not in word:
            raise ConfigError(f"--set {word}: write KEY=VALUE, as --set lr=0.0003")
    return {key.strip(): value.strip() for key, value in (word.split("=", 1) for word in words)}


def take_up(project: Project, resume: bool, chosen: list[str], pretext: bool = False) -> str | None:
    """The interrupted retrain (or pretrain) to go on with; without `resume`, such rounds are given up.

    A round that has a checkpoint goes on as it began, so options `chosen` anew are refused.
    """
    from trainer.checkpoints import has_checkpoint
    from trainer.project.errors import ConfigError, ProjectError

    left = [r for r in project.rounds() if r.ended is None and r.lane == "batch"]
    left = [r for r in left if (r.recipe == PRETEXT) == pretext]
    word = "pretrain" if pretext else "retrain"
    if resume and not left:
        raise ProjectError(f"{project.path} has no interrupted {word} to go on with: leave out --resume")
    if resume and chosen and has_checkpoint(project.path / "rounds" / left[0].id):
        raise ConfigError(
            f"--resume goes on with round {left[0].id} as it began: leave out {', '.join(chosen)}, "
            "or leave out --resume to start anew"
        )
    for round_ in left[1:] if resume else left:
        project.finish_round(round_.id, "stopped", why="given up for another one")
    return left[0].id if resume else None
