"""The networks: segmenters that take any input size."""

from trainer.networks.segmenters import (
    ARCHITECTURES,
    DeepLabV3Plus,
    Segmenter,
    build_segmenter,
    encoder_for,
    set_dropout,
)

__all__ = ["ARCHITECTURES", "DeepLabV3Plus", "Segmenter", "build_segmenter", "encoder_for", "set_dropout"]
