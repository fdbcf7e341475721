"""Checkpoints of a round: tensors and plain values, written whole or not at all, read without unpickling.

Before the first of them stands `begun.json`: what was asked for, so that a round goes on as it began.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from trainer.atomic import replacing
from trainer.errors import SkinsegError
from trainer.networks.weights import write_json
from trainer.project.filesystem import storage_errors

NAME = "checkpoint.pt"
BEGUN = "begun.json"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> Path:
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
    """Whether there is a step to go on from."""
    return (folder / NAME).is_file()


def save_beginning(folder: Path, about: dict[str, Any]) -> None:
    """Keep durably what a round is about to do, as plain values.

    Raises
    ------
    StorageFullError
        The disk is full.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / BEGUN, about)


def load_beginning(folder: Path) -> dict[str, Any] | None:
    """What a round was about to do; None where nothing was kept.

    Raises
    ------
    SkinsegError
        Damaged.
    """
    path = folder / BEGUN
    if not path.is_file():
        return None
    try:
        about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SkinsegError(f"{path} is damaged ({error}): start a new round") from error
    return about


def can_resume(folder: Path) -> bool:
    """Whether a round in this folder goes on as it began."""
    return has_checkpoint(folder) or (folder / BEGUN).is_file()


def load_checkpoint(folder: Path) -> dict[str, Any]:
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
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SkinsegError(f"{path} is damaged ({reason}): start a new round") from error
    return state


def random_state() -> dict[str, Any]:
    """State of torch's generators (dropout draws from them)."""
    state: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def restore_random_state(state: dict[str, Any]) -> None:
    """Put the generators back where :func:`random_state` found them."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
