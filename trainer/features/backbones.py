"""Frozen backbones by name, and the best one whose weights are at hand."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.errors import ConfigError, SkinsegError
from trainer.networks.encoders import HANDMADE
from trainer.networks.pretext_weights import steps_of
from trainer.networks.pretrained import ENOUGH_STEPS
from trainer.networks.published.folder import find_encoder
from trainer.networks.published.registry import EFFICIENTNET_LITE0, MOBILENETV2, MOBILESAM, published_weights
from trainer.networks.weights import CARD, read_card

if TYPE_CHECKING:
    from pathlib import Path

COLORIZATION = "colorization"
NETWORK = "network"


@dataclass(frozen=True)
class BackboneChoice:
    """A backbone, decided.

    Attributes
    ----------
    name
        As in `probe.backbone`.
    encoder
        ``handmade``, or ``tu-`` + a name of timm.
    init
        Kind of its weights, as in `training.init`.
    output_stride
        Stride of its last stage.
    """

    name: str
    encoder: str
    init: str
    output_stride: int


ORDER = (
    BackboneChoice(MOBILESAM.name, MOBILESAM.encoders[0], MOBILESAM.init, 16),
    BackboneChoice(MOBILENETV2.name, MOBILENETV2.encoders[0], MOBILENETV2.init, 32),
    BackboneChoice(EFFICIENTNET_LITE0.name, EFFICIENTNET_LITE0.encoders[0], EFFICIENTNET_LITE0.init, 32),
)
"""Published ones, best first, as measured in docs/experiments.md."""

NONE = BackboneChoice(HANDMADE, HANDMADE, "scratch", 32)
"""Descriptors that need no weights."""


def choose_backbone(name: str, pretrained: Path | None) -> BackboneChoice:
    """Resolve the name of a backbone.

    Parameters
    ----------
    name
        As in `probe.backbone`; ``auto`` takes the best at hand: published ones in the order of `ORDER`, then
        the encoder of a long colorization, then handmade descriptors.
    pretrained
        The project's folder of starting weights, which comes before the user's; None: it has none.

    Raises
    ------
    ConfigError
        Asked for by name, and its weights are not at hand; the line says how to get them.
    """
    if name == HANDMADE:
        return NONE
    if name == "auto":
        at_hand = (choice for choice in ORDER if find_encoder(choice.init, choice.encoder, pretrained))
        return next(at_hand, None) or _colorization(pretrained, ENOUGH_STEPS) or NONE
    if name == COLORIZATION:
        found = _colorization(pretrained, 1)
        if found is None:
            raise ConfigError(
                "probe.backbone: no colorization weights are in this project; make them with skinseg "
                "pretrain, or set probe.backbone=auto"
            )
        return found
    if name == NETWORK:
        trained = _trained_here(pretrained)
        if trained is None:
            raise ConfigError(
                "probe.backbone: no network with an encoder of timm (tu-...) has been served here yet; train "
                "one with skinseg retrain, or set probe.backbone=auto"
            )
        return trained
    choice = next((choice for choice in ORDER if choice.name == name), None)
    if choice is None:
        raise ConfigError(f"probe.backbone: there is no backbone named '{name}'")
    if find_encoder(choice.init, choice.encoder, pretrained) is None:
        raise ConfigError(
            f"probe.backbone: the weights {name} are not on this machine; run skinseg weights get {name} "
            f"({published_weights(name).megabytes}), or set probe.backbone=auto"
        )
    return choice


def _colorization(pretrained: Path | None, steps: int) -> BackboneChoice | None:
    """Find the encoder of this project that learnt colours longest, for at least so many steps."""
    if pretrained is None:
        return None
    begin = f"{COLORIZATION}-"
    files = [path for path in pretrained.glob(f"{begin}tu-*.safetensors") if "." not in path.stem]
    best = max(files, key=lambda path: (steps_of(path), path.name), default=None)
    if best is None or steps_of(best) < steps:
        return None
    return BackboneChoice(COLORIZATION, best.stem.removeprefix(begin), COLORIZATION, 16)


def _trained_here(pretrained: Path | None) -> BackboneChoice | None:
    """Find the encoder of the newest network that was trained whole in this project, and served."""
    cards = (
        [] if pretrained is None else sorted((pretrained.parent / "models").glob(f"*/{CARD}"), reverse=True)
    )
    for path in cards:
        with suppress(SkinsegError):
            card = read_card(path.parent)
            network, served = card["network"], str(card.get("decision", "")).startswith("served")
            encoder = str(network["encoder"])
            if served and network["arch"] == "deeplabv3plus" and encoder.startswith("tu-"):
                return BackboneChoice(NETWORK, encoder, str(path.parent), 16)
    return None


__all__ = ["COLORIZATION", "NETWORK", "ORDER", "BackboneChoice", "choose_backbone"]
