"""Files of models: which may go, which are damaged, and what they take."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.atomic import write_text
from trainer.project.catalog.schema import draft, revision, round_
from trainer.project.models.models import PRUNED
from trainer.project.states import ModelDecision

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.project.models.models import Model
    from trainer.project.project import Project

__all__ = ["Pruned", "fault_of", "is_whole", "models_to_prune", "prune_models", "size_of"]

_SERVED_BEFORE = 3
"""Models that were served last: a rollback goes to them."""


@dataclass(frozen=True)
class Pruned:
    """Models whose files were removed, and the bytes that this gave back."""

    ids: tuple[str, ...]
    bytes: int


def is_whole(model: Model) -> bool:
    """Whether the files of a model are there; those of one that was pruned are not."""
    return (model.path / "model.json").is_file()


def fault_of(path: Path) -> str:
    """Say what is wrong with the files of a model; empty where nothing shows. Reads no weights."""
    if not path.is_dir():
        return "its folder is gone"
    if (path / PRUNED).is_file():
        return "its files were removed"
    try:
        card = json.loads((path / "model.json").read_text(encoding="utf-8"))
        if not isinstance(card, dict) or "network" not in card:
            return "model.json is damaged"
        weights = list(path.glob("*.safetensors"))
        if not (path / "weights.safetensors").is_file():
            return "weights.safetensors is gone"
        return next((f"{file.name} is damaged" for file in weights if not _is_safetensors(file)), "")
    except (OSError, ValueError) as error:
        return f"model.json cannot be read ({type(error).__name__})"


def _is_safetensors(file: Path) -> bool:
    """Whether the head of the file is in order and all that it names is there."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        size = file.stat().st_size - 8 - length
        if size < 0:
            return False
        try:
            head = json.loads(stream.read(length))
            ends = [entry["data_offsets"][1] for name, entry in head.items() if name != "__metadata__"]
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            return False
    return max(ends, default=0) == size


def models_to_prune(project: Project, keep: int) -> list[Model]:
    """List the models whose files may go, the latest first.

    Kept are the served one and those served before it, the best, the newest of each recipe, the last `keep`,
    those whose suggestions saved masks, drafts or unfinished rounds began from, and what these began from.
    """
    models, served = project.models.all(), project.models.served()
    scored = [
        m for m in models if m.decision not in (None, ModelDecision.KEPT_OLD) and m.metrics.get("dice9")
    ]
    best = max(scored, key=lambda m: float(m.metrics["dice9"]), default=None)
    with project.catalog.read() as connection:
        used = {
            *connection.execute(sa.select(revision.c.model_id).distinct()).scalars(),
            *connection.execute(sa.select(draft.c.model_id).distinct()).scalars(),
        }
        rounds_open = connection.execute(
            sa.select(sa.func.count()).select_from(round_).where(round_.c.ended.is_(None))
        ).scalar_one()
    kept = {m.id for m in (served, best) if m is not None} | {m.id for m in models[:keep]} | used
    kept |= set(project.models.served_before(_SERVED_BEFORE))
    newest: dict[str, str] = {}
    for model in models:
        newest.setdefault(model.recipe, model.id)
    kept |= set(newest.values())
    if rounds_open:  # one that goes on reads the model it began from
        kept |= {parent for model in models[: max(keep, 1)] for parent in model.parents}
    return [model for model in models if model.id not in kept and is_whole(model)]


def prune_models(project: Project, keep: int) -> Pruned:
    """Remove the files of old models; their rows, scores and decisions stay.

    Raises
    ------
    ReadOnlyError
        If the project is open for reading only.
    """
    project.require_writable()
    gone, freed = [], 0
    for model in models_to_prune(project, keep):
        size = size_of(model.path)
        write_text(model.path / PRUNED, "skinseg models prune removed the files of this model\n")
        for file in sorted(model.path.iterdir(), key=lambda file: file.name != "model.json"):
            if file.name != PRUNED:  # model.json first: without it nobody takes the others for a model
                shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)
        gone.append(model.id)
        freed += size
    if gone:
        project.events.add("prune", "store", models=gone, bytes=freed)
    return Pruned(tuple(gone), freed)


def size_of(path: Path) -> int:
    """Bytes of a model's folder that no other model shares."""
    total = 0
    for file in path.rglob("*"):
        try:
            status = file.stat()
        except OSError:
            continue
        total += status.st_size if file.is_file() and status.st_nlink == 1 else 0
    return total
