"""Architectures by name, and how one is built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from trainer.errors import ConfigError
from trainer.networks.encoders import HANDMADE, check_encoder, encoder_for
from trainer.networks.maskrcnn.detector import MaskRCNN
from trainer.networks.probe import build_probe
from trainer.networks.segmenters import Segmenter, build_deeplabv3plus, build_fpn
from trainer.networks.unet import UNET_2015, build_unet

ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    "deeplabv3plus": build_deeplabv3plus,
    "unet": build_unet,
    "fpn": build_fpn,
    "maskrcnn": MaskRCNN,
    "probe": build_probe,
}


def build_segmenter(
    arch: str = "deeplabv3plus", encoder: str = "auto", classes: int = 9, device: str = "cpu", **options: Any
) -> Segmenter:
    """Build a segmenter with random weights; nothing is ever downloaded.

    Parameters
    ----------
    arch
        A key of ``ARCHITECTURES``.
    encoder
        A name of segmentation_models_pytorch, ``tu-`` + a name of timm, or ``auto`` (by ``device``).
    classes
        Number of output channels.
    options
        Passed to the architecture (decoder channels, ASPP rates ...).

    Raises
    ------
    ConfigError
        Unknown architecture or encoder, or an encoder this architecture cannot use.
    """
    if arch not in ARCHITECTURES:
        raise ConfigError(f"training.arch: '{arch}' is none of {', '.join(ARCHITECTURES)}")
    name = check_encoder(encoder_for(device, encoder))
    if name == UNET_2015 and arch != "unet":
        raise ConfigError(f"training.encoder: '{name}' is a whole U-Net: choose training.arch=unet with it")
    if name == HANDMADE and arch != "probe":
        raise ConfigError("training.encoder: 'handmade' features are for the recipe probe alone")
    try:
        network = ARCHITECTURES[arch](encoder=name, classes=classes, **options)
    except (ValueError, NotImplementedError, TypeError) as error:
        raise ConfigError(f"training.encoder: '{name}' does not work in {arch}: {error}") from error
    wrapper = getattr(network, "segmenter", Segmenter)
    built: Segmenter = wrapper(network, arch, name, classes, options)
    return built
