"""Checkpoints of a round: tensors and plain values, written whole or not at all, read without unpickling.

Before the first of them stands `begun.json`: what was asked for, so that a round goes on as it began.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NotRequired, TypedDict

import torch
from torch import Tensor

from trainer.atomic import replacing
from trainer.errors import SkinsegError
from trainer.networks.weights import write_json
from trainer.project.files.filesystem import storage_errors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "checkpoint.pt"
BEGUN = "begun.json"


class RandomState(TypedDict):
    """State of torch's generators."""

    cpu: Tensor
    cuda: NotRequired[Tensor]


class BestState(TypedDict):
    """The best epoch so far."""

    epoch: int
    iou: float
    weights: dict[str, Tensor]


class EpochsState(TypedDict):
    """Epochs validated so far."""

    done: int
    best: BestState | None


class TrainingState(TypedDict):
    """Everything the rest of a round depends on: the keys of ``checkpoint.pt``."""

    about: dict[str, object]
    """The round's record."""
    step: int
    networks: dict[str, dict[str, Tensor]]
    optimizers: dict[str, dict[str, object]]
    ema: dict[str, Tensor]
    ema_count: int
    random: RandomState
    lr_scale: float
    rollbacks: int
    batch: int
    seconds: float
    crops: int
    epochs: NotRequired[EpochsState | None]


def save_checkpoint(folder: Path, state: Mapping[str, object]) -> Path:
    """Write ``folder/checkpoint.pt`` durably; a crash at any moment leaves the old one or the new one.

    Parameters
    ----------
    state
        Tensors and plain Python values only (a numpy scalar would make it unreadable).

    Raises
    ------
    StorageFullError
        The disk is full; the checkpoint before is untouched.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / NAME, durable=True) as partial, partial.open("wb") as file:
            torch.save(state, file)
    return folder / NAME


def has_checkpoint(folder: Path) -> bool:
    """Tell whether there is a step to go on from."""
    return (folder / NAME).is_file()


def save_beginning(folder: Path, record: dict[str, object]) -> None:
    """Keep a round's record durably before its first step, as plain values.

    Raises
    ------
    StorageFullError
        The disk is full.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / BEGUN, record)


def load_beginning(folder: Path) -> dict[str, object] | None:
    """Read the record of a round that was kept before its first step; None where there is none.

    Raises
    ------
    SkinsegError
        Damaged.
    """
    path = folder / BEGUN
    if not path.is_file():
        return None
    try:
        record: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SkinsegError(f"{path} is damaged ({error}): start a new round") from error
    return record


def can_resume(folder: Path) -> bool:
    """Tell whether a round in this folder goes on as it began."""
    return has_checkpoint(folder) or (folder / BEGUN).is_file()


def load_checkpoint(folder: Path) -> TrainingState:
    """Read a checkpoint to the CPU.

    Raises
    ------
    SkinsegError
        Missing or damaged.
    """
    path = folder / NAME
    if not path.is_file():
        raise SkinsegError(f"no checkpoint at {path}: the round cannot be resumed, start a new one")
    try:
        state: TrainingState = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SkinsegError(f"{path} is damaged ({reason}): start a new round") from error
    return state


def random_state() -> RandomState:
    """Return the state of torch's generators (dropout draws from them)."""
    state: RandomState = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def restore_random_state(state: RandomState) -> None:
    """Put the generators back where :func:`random_state` found them."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
