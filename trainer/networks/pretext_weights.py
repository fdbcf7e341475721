"""Colorization's weights on disk: written with a card, the older ones kept beside them.

Those that stood there before are kept as ``colorization-ENCODER.STEPS-DATE.safetensors``.
"""

from __future__ import annotations

import itertools
import json
import shutil
import time
from typing import TYPE_CHECKING, Any

from trainer.networks.weights import save_tensors, write_json
from trainer.project.files.filesystem import storage_errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import Tensor


def steps_of(path: Path) -> int:
    """Return the steps that a weights file was made in, as its card says; 0: no card says."""
    try:
        return int(_card(path)["plan"]["steps"])
    except (ValueError, KeyError, TypeError):
        return 0


def _card(path: Path) -> dict[str, Any]:
    """Read the card beside a weights file; empty where there is nothing that can be read."""
    try:
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


def save_pretrained(
    pretrained: Path,
    name: str,
    weights: dict[str, Tensor],
    card: dict[str, Any],
    say: Callable[[str], None] = lambda message: None,
) -> Path:
    """Write starting weights and their card; who reads meanwhile gets the old ones or the new ones.

    Those that are there stay under another name, and ``say`` is called with it.
    """
    path = pretrained / f"{name}.safetensors"
    older = _keep(path)
    if older is not None:
        say(f"the starting weights that were there are kept: start from them with --init {older}")
    save_tensors(path, weights)
    with storage_errors(pretrained):
        write_json(path.with_suffix(".json"), card)
    return path


def _keep(path: Path) -> Path | None:
    """Give weights and their card a second name that says their steps and when they were made."""
    if not path.is_file():
        return None
    steps, created = steps_of(path), _card(path).get("created")
    when = created if isinstance(created, float | int) else path.stat().st_mtime
    made = time.strftime("%Y%m%d-%H%M%S", time.localtime(when))
    stem = f"{path.stem}.{steps or 'unknown'}-{made}"
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    kept = next(new for name in names if not (new := path.with_name(f"{name}.safetensors")).exists())
    with storage_errors(path.parent):
        for old, new in ((path, kept), (path.with_suffix(".json"), kept.with_suffix(".json"))):
            if old.is_file():
                shutil.copy2(old, new)
    return kept
