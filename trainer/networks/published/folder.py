"""Starting weights at hand: in a project's `pretrained/`, then in the user's own folder. No torch.

The user's folder serves all projects. It holds published weights as `NAME.safetensors` (their further parts
as `NAME-PART.safetensors`) and others that were added as `ENCODER.safetensors`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from trainer.networks.published.registry import ENCODER, INITS, PUBLISHED, PublishedWeights, published_for

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER_VARIABLE = "SKINSEG_WEIGHTS"
"""Environment variable that names another folder for the user's weights."""


@dataclass(frozen=True)
class AtHand:
    """Published weights, and the file that holds their encoder; None: not on this machine."""

    weights: PublishedWeights
    path: Path | None


def weights_folder() -> Path:
    """Folder of the weights that all projects of this user share; need not exist."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_data_path("skinseg", appauthor=False) / "weights"


def list_weights(pretrained: Path | None = None) -> list[AtHand]:
    """Tell which published weights are at hand, every part of them at its full length.

    Parameters
    ----------
    pretrained
        A project's folder of starting weights, which comes before the user's.
    """
    return [AtHand(weights, find_whole(weights, pretrained)) for weights in PUBLISHED]


def find_part(weights: PublishedWeights, part: str = ENCODER, pretrained: Path | None = None) -> Path | None:
    """Return the converted file of a part of published weights; None: not at hand."""
    return _first(folder / weights.file_name(part) for folder in _folders(pretrained))


def find_whole(weights: PublishedWeights, pretrained: Path | None = None) -> Path | None:
    """Return the converted encoder where every part is at hand and of its full length; None: fetch it."""
    files = ([folder / weights.file_name(part) for folder in _folders(pretrained)] for part in weights.parts)
    found = [next((path for path in paths if _full_length(path)), None) for paths in files]
    return found[0] if all(found) else None


def find_encoder(init: str, encoder: str, pretrained: Path | None) -> Path | None:
    """File that an encoder can start from; None: not at hand.

    Parameters
    ----------
    init
        One of `INITS`, as `imagenet`.
    encoder
        Name as in `training.encoder`.
    pretrained
        A project's folder of starting weights, or None.
    """
    return _first(_candidates(init, encoder, pretrained))


def find_init(encoder: str, pretrained: Path | None) -> str | None:
    """Kind of published weights at hand for an encoder, the first of `INITS` that is; None: none is."""
    return next((init for init in INITS if find_encoder(init, encoder, pretrained)), None)


def imagenet_encoders(pretrained: Path) -> list[str]:
    """List encoders whose ImageNet weights are at hand: the project's by name, then the user's."""
    own = [path for path in added_weights(pretrained) if not path.stem.startswith("colorization-")]
    known = [
        item.weights for item in list_weights(pretrained) if item.path and item.weights.init == "imagenet"
    ]
    return [
        *(path.stem for path in own),
        *(weights.encoders[0] for weights in known),
        *(path.stem for path in added_weights(weights_folder())),
    ]


def added_weights(folder: Path) -> list[Path]:
    """Weights of a folder that were added by hand, not those that are known by name."""
    known = {weights.file_name(part) for weights in PUBLISHED for part in weights.parts}
    return sorted(path for path in folder.glob("*.safetensors") if path.name not in known)


def _candidates(init: str, encoder: str, pretrained: Path | None) -> Iterator[Path]:
    """Files in the order in which they count: the project's before the user's."""
    for folder in _folders(pretrained):
        if init == "imagenet":
            yield folder / f"{encoder}.safetensors"
        weights = published_for(encoder)
        if weights is not None and weights.init == init:
            yield folder / weights.file_name()


def _folders(pretrained: Path | None) -> list[Path]:
    return [*([] if pretrained is None else [pretrained]), weights_folder()]


def _first(candidates: Iterator[Path]) -> Path | None:
    return next((path for path in candidates if path.is_file()), None)


def _full_length(path: Path) -> bool:
    """Whether a safetensors file is as long as its header says."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, path.stat().st_size)))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        return path.stat().st_size == 8 + length + int(max(ends))
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return False
