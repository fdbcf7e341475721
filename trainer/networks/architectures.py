"""Architectures by name, and the function that builds one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trainer.errors import ConfigError
from trainer.networks.encoders import HANDMADE, check_encoder, encoder_for
from trainer.networks.maskrcnn.detector import Detector, MaskRCNN
from trainer.networks.probe import ProbeSegmenter, build_probe
from trainer.networks.segmenters import Segmenter, build_deeplabv3plus, build_fpn
from trainer.networks.unet import UNET_2015, build_unet

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn


class Architecture(NamedTuple):
    """A network and the segmenter around it."""

    build: Callable[..., nn.Module]
    segmenter: type[Segmenter] = Segmenter


ARCHITECTURES: dict[str, Architecture] = {
    "deeplabv3plus": Architecture(build_deeplabv3plus),
    "unet": Architecture(build_unet),
    "fpn": Architecture(build_fpn),
    "maskrcnn": Architecture(MaskRCNN, Detector),
    "probe": Architecture(build_probe, ProbeSegmenter),
}


def build_segmenter(
    arch: str = "deeplabv3plus",
    encoder: str = "auto",
    classes: int = 9,
    device: str = "cpu",
    **options: object,
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
    architecture = ARCHITECTURES[arch]
    try:
        network = architecture.build(encoder=name, classes=classes, **options)
    except (ValueError, NotImplementedError, TypeError) as error:
        raise ConfigError(f"training.encoder: '{name}' does not work in {arch}: {error}") from error
    return architecture.segmenter(network, arch, name, classes, options)
