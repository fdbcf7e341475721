"""Starting weights of a network: random, from photos without labels, ImageNet's, a file's; no downloads.

A project's folder ``pretrained/`` holds ``ENCODER.safetensors`` (ImageNet, placed there by hand) and
``colorization-ENCODER.safetensors`` with a card ``.json`` (made by ``skinseg pretrain``). Those that stood
there before are kept as ``colorization-ENCODER.STEPS-DATE.safetensors``.
"""

from __future__ import annotations

import itertools
import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.errors import ConfigError
from trainer.networks.licences import forbids_commercial_use, stated_licence
from trainer.networks.weights import (
    WEIGHTS,
    WeightMatch,
    load_matching,
    read_weights,
    save_tensors,
    write_json,
)
from trainer.project.filesystem import storage_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from trainer.networks.segmenters import Segmenter

ENOUGH_STEPS = 5000
"""Of a pretext task, for ``auto`` to use its weights: those of 300 and of 1,000 steps lost to random ones."""


def choose_init(init: str, encoder: str, pretrained: Path | None) -> str:
    """Resolve ``auto``: ImageNet weights, else colorization's of a long enough pretext, else none."""
    if init != "auto":
        return init
    if pretrained is None:
        return "scratch"
    if weights_path("imagenet", encoder, pretrained).is_file():
        return "imagenet"
    return "colorization" if _pretext_steps(encoder, pretrained) >= ENOUGH_STEPS else "scratch"


def passed_over(init: str, encoder: str, pretrained: Path | None) -> str:
    """Say why ``auto`` does not take colorization weights that are there, and what to type; else empty."""
    if init != "auto" or pretrained is None:
        return ""
    path, taken = weights_path("colorization", encoder, pretrained), choose_init(init, encoder, pretrained)
    if taken == "colorization" or not path.is_file():
        return ""
    steps = _steps(path)
    why = f"made in {steps:,} steps" if steps else "made in nobody knows how many steps"
    why = "ImageNet's come first" if taken == "imagenet" else f"{why}, and auto asks for {ENOUGH_STEPS:,}"
    return f"auto passed over {path.name} ({why}): to start from it, --init colorization"


def _pretext_steps(encoder: str, pretrained: Path) -> int:
    """Return the steps of the colorization weights at hand; 0: there are none, or no card says."""
    path = weights_path("colorization", encoder, pretrained)
    return _steps(path) if path.is_file() else 0


def _steps(path: Path) -> int:
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


def weights_path(init: str, encoder: str, pretrained: Path) -> Path:
    """Return the file that ``imagenet``, ``colorization`` or a path means."""
    if init == "imagenet":
        return pretrained / f"{encoder}.safetensors"
    if init == "colorization":
        return pretrained / f"colorization-{encoder}.safetensors"
    path = Path(init)
    return path / WEIGHTS if path.is_dir() else path


def initialise(model: Segmenter, init: str, pretrained: Path, allow_licence: str = "") -> str:
    """Give a fresh network its starting weights.

    Parameters
    ----------
    init
        ``scratch``, ``imagenet``, ``colorization``, ``auto``, or the path of a model folder or weights file.
    pretrained
        The project's folder of starting weights.
    allow_licence
        A licence to accept although it forbids commercial use.

    Returns
    -------
    str
        What was loaded, for people.

    Raises
    ------
    ConfigError
        Weights that are not there (says which file to place where), are of another network, or whose licence
        forbids commercial use.
    """
    encoder = model.encoder_name
    init = choose_init(init, encoder, pretrained)
    if init == "scratch":
        return "random weights"
    path = weights_path(init, encoder, pretrained)
    if not path.is_file():
        raise ConfigError(_how_to_get(init, encoder, path))
    check_licence(encoder_licence(init, encoder, pretrained), allow_licence, path)
    match = load_matching(model, read_weights(path))
    lacking = _encoder_misfits(match)
    if not match.loaded or lacking:
        raise ConfigError(f"init: {path} is of another network than {encoder}: {match.sentence()}")
    return f"{path.name}: {match.sentence()}"


def _encoder_misfits(match: WeightMatch) -> list[str]:
    """Tensors of the encoder that the file lacks; counters that old files leave out do not matter."""
    wanted = [*match.missing, *match.other_shape]
    return [k for k in wanted if k.startswith("network.encoder.") and not k.endswith("num_batches_tracked")]


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
    steps, created = _steps(path), _card(path).get("created")
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


def encoder_licence(init: str, encoder: str, pretrained: Path) -> str | None:
    """Licence of the weights an encoder starts from; None: they are the project's own, or nothing is known.

    A file's own statement (metadata ``licence`` or ``license``, or the card beside it) counts more than what
    is known of the weights usually published for the encoder.
    """
    if init == "scratch":
        return None
    stated = stated_licence(weights_path(init, encoder, pretrained))
    return stated or (_published_licence(encoder) if init == "imagenet" else None)


def _published_licence(encoder: str) -> str | None:
    import timm

    if not encoder.startswith("tu-") or not timm.is_model(encoder[3:].split(".")[0]):
        return None
    config = timm.get_pretrained_cfg(encoder[3:])
    return None if config is None or config.license is None else str(config.license)


def check_licence(licence: str | None, allowed: str, path: Path) -> None:
    """Refuse weights that may not be used commercially, unless their licence is allowed by name.

    Raises
    ------
    ConfigError
        Names the licence and the setting.
    """
    if (licence or "").lower() == allowed.lower() or not forbids_commercial_use(licence):
        return
    raise ConfigError(
        f"init: the licence of {path.name}, {licence}, forbids commercial use; if that suits you, allow it "
        f"with --set training.allow_licence={licence}, else choose --init colorization or scratch"
    )


def imagenet_source(encoder: str) -> str | None:
    """Repository on huggingface.co that holds the ImageNet weights of an encoder, if one is known."""
    import timm
    from segmentation_models_pytorch.encoders import encoders

    if encoder.startswith("tu-"):
        config = timm.get_pretrained_cfg(encoder[3:]) if timm.is_model(encoder[3:].split(".")[0]) else None
        return str(config.hf_hub_id) if config is not None and config.hf_hub_id else None
    settings = encoders.get(encoder, {}).get("pretrained_settings", {}).get("imagenet")
    return str(settings["repo_id"]) if settings else None


def _how_to_get(init: str, encoder: str, path: Path) -> str:
    """One line on weights that are not there."""
    if init == "colorization":
        return (
            f"init: no colorization weights for {encoder} at {path}; make them with skinseg pretrain, name a "
            "file with --init PATH, or choose --init scratch"
        )
    if init != "imagenet":
        return (
            f"init: '{init}' is neither auto, scratch, imagenet nor colorization, and there is no file {path}"
        )
    source = imagenet_source(encoder)
    if source is None:
        return (
            f"init: no ImageNet weights are known for encoder {encoder}; "
            "choose --init colorization or scratch, or another encoder"
        )
    return (
        f"init: the ImageNet weights of {encoder} are not on this machine; on one with internet fetch "
        f"https://huggingface.co/{source}/resolve/main/model.safetensors and place it at {path}, "
        "or choose --init colorization or scratch"
    )
