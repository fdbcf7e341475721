"""Starting weights of a network: random, colorization's, published ones, or a file; never from the internet.

A project's folder ``pretrained/`` holds ``ENCODER.safetensors`` (ImageNet, placed there by hand) and
``colorization-ENCODER.safetensors`` with a card ``.json`` (made by ``skinseg pretrain``). After it comes the
user's folder of published weights (``skinseg weights``).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trainer.errors import ConfigError
from trainer.networks.encoders import HANDMADE, input_scale
from trainer.networks.licences import forbids_commercial_use, stated_licence
from trainer.networks.pretext_weights import steps_of
from trainer.networks.published.conversion import adapted, stated_weights
from trainer.networks.published.folder import find_encoder, find_init
from trainer.networks.published.registry import INITS, published_for
from trainer.networks.weights import WEIGHTS, WeightMatch, load_matching, read_weights

if TYPE_CHECKING:
    from trainer.networks.segmenters import Segmenter

ENOUGH_STEPS = 5000
"""Of a pretext task, for ``auto`` to use its weights: those of 300 and of 1,000 steps lost to random ones."""


def choose_init(init: str, encoder: str, pretrained: Path | None) -> str:
    """Resolve ``auto``: published weights at hand, else colorization's of a long pretext, else none."""
    if init != "auto":
        return init
    if pretrained is None:
        return "scratch"
    if published := find_init(encoder, pretrained):
        return published
    return "colorization" if _pretext_steps(encoder, pretrained) >= ENOUGH_STEPS else "scratch"


def passed_over(init: str, encoder: str, pretrained: Path | None) -> str:
    """Say why ``auto`` does not take colorization weights that are there, and what to type; else empty."""
    if init != "auto" or pretrained is None:
        return ""
    path, taken = weights_path("colorization", encoder, pretrained), choose_init(init, encoder, pretrained)
    if taken == "colorization" or not path.is_file():
        return ""
    steps = steps_of(path)
    why = f"made in {steps:,} steps" if steps else "made in nobody knows how many steps"
    first = {"imagenet": "ImageNet's come first", "mobilesam": "MobileSAM's come first"}
    why = first.get(taken, f"{why}, and auto asks for {ENOUGH_STEPS:,}")
    return f"auto passed over {path.name} ({why}): to start from it, --init colorization"


def _pretext_steps(encoder: str, pretrained: Path) -> int:
    """Return the steps of the colorization weights at hand; 0: there are none, or no card says."""
    path = weights_path("colorization", encoder, pretrained)
    return steps_of(path) if path.is_file() else 0


def weights_path(init: str, encoder: str, pretrained: Path) -> Path:
    """Return the file that a kind of starting weights or a path means; it need not be there."""
    if init in INITS:
        return find_encoder(init, encoder, pretrained) or pretrained / f"{encoder}.safetensors"
    if init == "colorization":
        return pretrained / f"colorization-{encoder}.safetensors"
    path = Path(init)
    return path / WEIGHTS if path.is_dir() else path


def initialise(model: Segmenter, init: str, pretrained: Path, allow_licence: str = "") -> str:
    """Give a fresh network its starting weights.

    Parameters
    ----------
    init
        ``scratch``, ``imagenet``, ``mobilesam``, ``colorization``, ``auto``, or the path of a model folder or
        weights file.
    pretrained
        The project's folder of starting weights, which comes before the user's.
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
        return "handmade features, which need no weights" if encoder == HANDMADE else "random weights"
    path = weights_path(init, encoder, pretrained)
    if not path.is_file():
        raise ConfigError(_how_to_get(init, encoder, path))
    licence = encoder_licence(init, encoder, pretrained)
    check_licence(licence, allow_licence, path)
    match = _load(model, path)
    lacking = encoder_misfits(match)
    if not match.loaded or lacking:
        raise ConfigError(f"init: {path} is of another network than {encoder}: {match.sentence()}")
    return f"{path.name}{f' ({licence})' if licence else ''}: {match.sentence()}"


def _load(model: Segmenter, path: Path) -> WeightMatch:
    """Load what matches; published weights are first adapted to this variant of their network."""
    tensors = read_weights(path)
    published = stated_weights(path)
    if published is not None and published.fits(model.encoder_name):
        mean, std = input_scale(model.encoder_name)
        tensors = adapted(tensors, published, model.get_submodule("network.encoder"), mean, std)
    return load_matching(model, tensors)


def encoder_misfits(match: WeightMatch) -> list[str]:
    """Tensors of the encoder that the file lacks; counters that old files leave out do not matter."""
    wanted = [*match.missing, *match.other_shape]
    return [k for k in wanted if k.startswith("network.encoder.") and not k.endswith("num_batches_tracked")]


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
    if init not in INITS:
        return (
            f"init: '{init}' is neither auto, scratch, {', '.join(INITS)} nor colorization, "
            f"and there is no file {path}"
        )
    known = published_for(encoder)
    if known is not None and known.init == init:
        return (
            f"init: the {init} weights of {encoder} are not on this machine; run skinseg weights get "
            f"{known.name} ({known.megabytes}, licence {known.licence}), or choose --init colorization "
            "or scratch"
        )
    source = imagenet_source(encoder) if init == "imagenet" else None
    if source is None:
        kind = "ImageNet" if init == "imagenet" else init
        return (
            f"init: no {kind} weights are known for encoder {encoder}; "
            "choose --init colorization or scratch, or another encoder"
        )
    return (
        f"init: the ImageNet weights of {encoder} are not on this machine; on one with internet fetch "
        f"https://huggingface.co/{source}/resolve/main/model.safetensors and place it at {path}, "
        "or choose --init colorization or scratch"
    )
