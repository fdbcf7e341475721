"""Encoders: the known names, those that suit a device, and the colour scale their weights expect."""

from __future__ import annotations

from segmentation_models_pytorch.encoders import encoders as SMP_ENCODERS

from trainer.errors import ConfigError
from trainer.networks.unet import UNET_2015
from trainer.spelling import closest

ENCODER_ON_CPU = "tu-resnet10t"


ENCODER_ON_GPU = "tu-resnet50s"


HANDMADE = "handmade"
"""Not an encoder: descriptors of colour and edges, which only a probe takes."""


IMAGENET_MEAN = (0.485, 0.456, 0.406)


IMAGENET_STD = (0.229, 0.224, 0.225)


def input_scale(encoder: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of the colours in [0, 1] that an encoder's published weights expect."""
    import timm

    config = timm.get_pretrained_cfg(encoder[3:]) if encoder.startswith("tu-") else None
    return (IMAGENET_MEAN, IMAGENET_STD) if config is None else (config.mean, config.std)


def encoder_for(device_type: str, encoder: str = "auto") -> str:
    """Choose the encoder: the one asked for, or for ``auto`` the one that suits the device."""
    if encoder != "auto":
        return encoder
    return ENCODER_ON_CPU if device_type in ("cpu", "mps") else ENCODER_ON_GPU


def check_encoder(encoder: str) -> str:
    """Return the encoder's name, or refuse one that does not exist and name the nearest that does.

    Raises
    ------
    ConfigError
        Unknown name.
    """
    import timm

    known = encoder in SMP_ENCODERS or encoder in (UNET_2015, HANDMADE)
    if encoder.startswith("tu-"):
        known = timm.is_model(encoder[3:].split(".")[0])
    if known:
        return encoder
    names = [UNET_2015, *SMP_ENCODERS, *("tu-" + name for name in timm.list_models())]
    near = closest(encoder, names)
    hint = f"; did you mean '{near}'?" if near else ""
    raise ConfigError(f"training.encoder: there is no encoder named '{encoder}'{hint}")
