"""Segmentation networks that accept any input size.

Shape suffixes: N photos, C channels, K classes, H rows, W columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.networks.encoders import input_scale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ASPP_RATES = (6, 12, 18)


class DeepLabV3Plus(smp.DeepLabV3Plus):  # type: ignore[misc]
    """Stock DeepLabV3+ whose two up-samplings aim at a size instead of multiplying by four.

    ASPP output goes to the size of the skip connection and the logits to the size of the input, so that a
    513 pixel input gives 257/129/65/33/33 features, a 129 x 129 decoder and 513 x 513 logits. Where the
    stock network accepts the input (multiples of 16) the result is identical; the parameters have its names.
    """

    requires_divisible_input_shape = False

    def decode(self, features: Sequence[Tensor]) -> Tensor:
        """Fuse encoder features into the stride-4 map ``(N, 256, H/4, W/4)``."""
        skip = self.decoder.block1(features[2])
        deep = self.decoder.aspp(features[-1])
        deep = F.interpolate(deep, size=skip.shape[-2:], mode="bilinear", align_corners=True)
        fused: Tensor = self.decoder.block2(torch.cat([deep, skip], dim=1))
        return fused

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, 3, H, W)`` to logits ``(N, K, H, W)``."""
        logits = self.segmentation_head[0](self.decode(self.encoder(x)))
        return F.interpolate(logits, size=x.shape[-2:], mode="bilinear", align_corners=True)


def build_deeplabv3plus(encoder: str, classes: int, **options: object) -> nn.Module:
    """Build a DeepLabV3+ with random weights; options as of segmentation_models_pytorch."""
    options = {
        "decoder_atrous_rates": ASPP_RATES,
        "encoder_output_stride": 16,
        "encoder_weights": None,
        **options,
    }
    network: nn.Module = DeepLabV3Plus(encoder_name=encoder, classes=classes, **options)
    return network


def build_fpn(encoder: str, classes: int, **options: object) -> nn.Module:
    """Build a feature pyramid network with random weights; options as of segmentation_models_pytorch."""
    network: nn.Module = smp.FPN(encoder_name=encoder, encoder_weights=None, classes=classes, **options)
    return network


class Segmenter(nn.Module):
    """A network behind a fixed input adapter: pictures in [-1, 1] to the encoder's own scale.

    Parameters
    ----------
    network
        Maps normalised ``(N, 3, H, W)`` to logits ``(N, K, H, W)``.
    arch, encoder, classes, options
        What :meth:`describe` reports, enough to build the same network again.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: nn.Module,
        arch: str,
        encoder: str,
        classes: int,
        options: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.arch, self.encoder_name, self.classes = arch, encoder, classes
        self.options = dict(options or {})
        divisible = getattr(network, "requires_divisible_input_shape", False)
        self.stride = int(network.encoder.output_stride) if divisible else 1  # type: ignore[union-attr, arg-type]
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in input_scale(encoder))
        self.register_buffer("mean", 2 * mean - 1, persistent=False)
        self.register_buffer("std", 2 * std, persistent=False)

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """Map pictures in [-1, 1], ``(N, 3, H, W)`` of any size, to logits ``(N, K, H, W)``.

        Where the network wants multiples of its stride, white is added below and to the right meanwhile.
        """
        height, width = image_NCHW.shape[-2:]
        below, right = -height % self.stride, -width % self.stride
        if below or right:
            image_NCHW = F.pad(image_NCHW, (0, right, 0, below), value=1.0)
        logits: Tensor = self.network((image_NCHW - self.mean) / self.std)
        return logits[..., :height, :width] if below or right else logits

    def frozen_tensors(self) -> list[str]:
        """Names of the tensors that no training changes; none, except of a probe."""
        return []

    def describe(self) -> dict[str, object]:
        """Return the arguments that build this network again, and its size for people."""
        return {
            "arch": self.arch,
            "encoder": self.encoder_name,
            "classes": self.classes,
            "options": self.options,
            "parameters": sum(p.numel() for p in self.parameters()),
        }


def set_dropout(network: nn.Module, share: float) -> None:
    """Set the share that every dropout layer leaves out while training."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = share
