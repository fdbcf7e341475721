"""Models on disk: ``weights.safetensors`` and ``model.json`` in one folder. Nothing is ever unpickled.

A probe is trained after every mask, and most of its weights never change: they lie in a file of their own,
``frozen-DIGEST.safetensors``, which the models of a project share by hard links. Each folder is still whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from trainer.atomic import replacing, write_text
from trainer.errors import SkinsegError
from trainer.networks.architectures import build_segmenter
from trainer.project.files.filesystem import storage_errors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from trainer.networks.segmenters import Segmenter

WEIGHTS = "weights.safetensors"
CARD = "model.json"
MEMBER = "member"
"""Folder within a model's, of the model that it is averaged with."""
FROZEN = "frozen-"
"""What the name of a file of shared weights begins with."""


@dataclass(frozen=True)
class WeightMatch:
    """Keys of a file that found their place in a network, and those that did not."""

    loaded: list[str]
    missing: list[str]
    """Parameters of the network that the file does not have; they keep their values."""
    other_shape: list[str]
    unknown: list[str]

    def sentence(self) -> str:
        """One line for people."""
        wanted = len(self.loaded) + len(self.missing) + len(self.other_shape)
        text = f"{len(self.loaded)} of {wanted} tensors fit"
        if self.other_shape:
            text += f"; other shape: {_few(self.other_shape)}"
        if self.missing:
            text += f"; not in the file: {_few(self.missing)}"
        if self.unknown:
            text += f"; not in the network: {_few(self.unknown)}"
        return text


def _few(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write JSON so that a reader sees the old file or the new one, never half of it."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False), durable=True)


def save_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Write a safetensors file; a reader sees the old one or the new one. The folder is made if needed."""
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        values = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
        with replacing(path) as partial:
            try:
                save_file(values, str(partial), metadata=None if metadata is None else dict(metadata))
            except SafetensorError as error:
                raise _as_os_error(error) from error


def _as_os_error(error: SafetensorError) -> Exception:
    """Error of the disk, which safetensors wraps in one of its own."""
    number = re.search(r"os error (\d+)", str(error))
    return error if number is None else OSError(int(number[1]), os.strerror(int(number[1])))


def save_model(
    folder: Path, weights: Mapping[str, Tensor], card: dict[str, Any], frozen: Collection[str] = ()
) -> None:
    """Write a model folder.

    Parameters
    ----------
    folder
        Created if needed.
    weights
        Tensors by name, as ``Segmenter.state_dict()``.
    card
        Plain values; must hold ``network`` as given by ``Segmenter.describe()``. Written last: a folder
        with a card is complete.
    frozen
        Names of the tensors that the models beside this one share.
    """
    save_tensors(folder / WEIGHTS, {name: value for name, value in weights.items() if name not in frozen})
    if frozen:
        _save_frozen(folder, {name: weights[name] for name in frozen})
    with storage_errors(folder):
        write_json(folder / CARD, card)


def save_average(folder: Path, main: Path, member: Path, card: dict[str, Any]) -> None:
    """Write a model that answers with the mean of two, whose weights it shares by links where it can.

    Parameters
    ----------
    folder
        Created if needed.
    main, member
        Folders of the two; `main` sees photos at least as large as `member` does.
    card
        That of `main`, changed where the average differs. Its temperature is of the mean.
    """
    with storage_errors(folder.parent):
        for source, target in ((member, folder / MEMBER), (main, folder)):
            target.mkdir(parents=True, exist_ok=True)
            for path in source.glob("*.safetensors"):
                _link(path, target / path.name)
        write_json(folder / MEMBER / CARD, {**read_card(member), "temperature": 1.0})
        write_json(folder / CARD, card)


def _link(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # a disk without links
        with replacing(target) as partial:
            shutil.copyfile(source, partial)


def member_folder(folder: Path) -> Path | None:
    """Folder of the model that this one is averaged with; None: with none."""
    inner = folder / MEMBER
    return inner if (inner / CARD).is_file() else None


def _save_frozen(folder: Path, weights: Mapping[str, Tensor]) -> None:
    """Write tensors under the name of their digest, or link to a file of that name in a folder beside."""
    digest = hashlib.sha256()
    for name, value in sorted(weights.items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    path = folder / f"{FROZEN}{digest.hexdigest()[:16]}.safetensors"
    for twin in folder.parent.glob(f"*/{path.name}"):
        with suppress(OSError):  # a disk without links, or a folder that has just gone
            os.link(twin, path)
            return
    save_tensors(path, weights)


def read_card(folder: Path) -> dict[str, Any]:
    """Read ``model.json``.

    Raises
    ------
    SkinsegError
        No model there, or not one of ours.
    """
    path = folder / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SkinsegError(f"{folder} holds no model: cannot read {path.name} ({error.strerror})") from error
    except ValueError as error:
        raise SkinsegError(f"{path} is damaged: {error}; restore it from a backup") from error
    if not isinstance(card, dict) or "network" not in card:
        raise SkinsegError(f"{path} does not describe a network; is this a skinseg model?")
    return card


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file, or one of torch's that holds tensors only.

    Raises
    ------
    SkinsegError
        Missing, damaged, or holding more than tensors.
    """
    if not path.is_file():
        raise SkinsegError(f"there is no weights file {path}")
    try:
        if path.suffix == ".safetensors":
            return load_file(str(path))
        state = torch.load(path, map_location="cpu", weights_only=True)
    except SafetensorError as error:
        raise SkinsegError(
            f"{path} is not a readable safetensors file ({error}): it is cut off or damaged, copy it again"
        ) from error
    except Exception as error:  # torch raises a dozen kinds for a bad file
        raise SkinsegError(
            f"{path} cannot be read as weights ({_reason(error)}): name a .safetensors file, one of torch's "
            "that holds tensors only, or a model's folder"
        ) from error
    state = state.get("state_dict", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise SkinsegError(
            f"{path} does not hold a dictionary of tensors: name a file of weights, as a state_dict is saved"
        )
    return state


def _reason(error: Exception) -> str:
    """First line of an exception that says something; torch raises a bare number at a file of others."""
    line = (str(error).splitlines() or [""])[0]
    return line if " " in line else "not a file of torch's"


def load_model(folder: Path, device: str | torch.device = "cpu") -> tuple[Segmenter, dict[str, Any]]:
    """Build the network a model folder describes and load its weights; returned in eval mode.

    Raises
    ------
    SkinsegError
        No model, damaged, or weights that do not fit the card.
    """
    card = read_card(folder)
    network = card["network"]
    try:
        options = dict(network.get("options", {}))
        model = build_segmenter(network["arch"], network["encoder"], int(network["classes"]), **options)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"
        raise SkinsegError(
            f"{folder / CARD} describes no network ({said}): it is damaged; restore it from a backup"
        ) from error
    weights = read_weights(folder / WEIGHTS)
    for path in folder.glob(f"{FROZEN}*.safetensors"):
        weights |= read_weights(path)
    match = load_matching(model, weights)
    if match.missing or match.other_shape:
        raise SkinsegError(f"{folder}: weights and {CARD} do not belong together: {match.sentence()}")
    return model.to(device).eval(), card


def load_matching(module: nn.Module, weights: dict[str, Tensor]) -> WeightMatch:
    """Load every tensor whose name and shape match, and report those that did not.

    Names are tried as they are, and as those of the bare network (``encoder.`` ...) or of the encoder alone;
    of timm's whole networks also as its encoders spell them (``stages.0.`` as ``stages_0.``).
    """
    own = module.state_dict()
    prefix = max(
        ("", "network.", "network.encoder.", "network.encoder.model."),
        key=lambda p: sum(_spelt_as(own, p, k) in own for k in weights),
    )
    named = {_spelt_as(own, prefix, k): v for k, v in weights.items()}
    fits = {k: v for k, v in named.items() if k in own and own[k].shape == v.shape}
    module.load_state_dict(fits, strict=False)
    return WeightMatch(
        loaded=sorted(fits),
        missing=sorted(k for k in own if k not in named),
        other_shape=sorted(k for k in named if k in own and k not in fits),
        unknown=sorted(k for k in named if k not in own),
    )


def _spelt_as(own: Mapping[str, Tensor], prefix: str, name: str) -> str:
    """Name behind its prefix, in the spelling that a network has."""
    flat = prefix + re.sub(r"^(\w+)\.(\d+)\.", r"\1_\2.", name)
    return flat if flat in own else prefix + name
