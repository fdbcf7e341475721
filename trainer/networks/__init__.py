"""The networks: segmenters that take any input size."""

from trainer.networks.maskrcnn import Detector, MaskRCNN
from trainer.networks.segmenters import (
    ARCHITECTURES,
    DeepLabV3Plus,
    Segmenter,
    build_segmenter,
    encoder_for,
    set_dropout,
)

ARCHITECTURES["maskrcnn"] = MaskRCNN

__all__ = [
    "ARCHITECTURES",
    "DeepLabV3Plus",
    "Detector",
    "Segmenter",
    "build_segmenter",
    "encoder_for",
    "set_dropout",
]
