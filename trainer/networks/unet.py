"""U-Net: with any encoder of segmentation_models_pytorch, or as it was designed in 2015."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

UNET_2015 = "unet2015"
"""Name of the original design where encoders are chosen."""


class UNet2015(nn.Module):
    """The U-Net of Ronneberger et al. 2015, with padded convolutions so that the map has the photo's size.

    Five levels of two 3 x 3 convolutions each, halved by max-pooling and doubled by 2 x 2 up-convolutions,
    with the features of the way down joined to those of the way up, dropout at the end of the way down and
    weights from a normal distribution of variance 2 / fan-in.

    Parameters
    ----------
    width
        Channels of the first level, doubled at each further one: 64 gives 64 to 1024.
    batch_norm
        Normalise after each convolution, which the original does not.
    """

    requires_divisible_input_shape = True

    def __init__(self, classes: int, width: int = 64, batch_norm: bool = False) -> None:
        super().__init__()
        channels = [width * 2**level for level in range(5)]
        self.encoder = ContractingPath(channels, batch_norm)
        self.decoder = ExpandingPath(channels[::-1], batch_norm)
        self.segmentation_head = nn.Conv2d(width, classes, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, 3, H, W)``, sides multiples of 16, to logits ``(N, K, H, W)``."""
        logits: Tensor = self.segmentation_head(self.decoder(self.encoder(x)))
        return logits


class ContractingPath(nn.Module):
    """The way down; returns the features of all five levels, finest first."""

    output_stride = 16

    def __init__(self, channels: Sequence[int], batch_norm: bool) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            _two_convolutions(before, after, batch_norm)
            for before, after in itertools.pairwise([3, *channels])
        )
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout()

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map ``(N, 3, H, W)`` to features at strides 1, 2, 4, 8 and 16."""
        features: list[Tensor] = []
        for depth, level in enumerate(self.levels):
            x = level(x if depth == 0 else self.pool(x))
            if depth >= len(self.levels) - 2:
                x = self.dropout(x)
            features.append(x)
        return features


class ExpandingPath(nn.Module):
    """The way up: double, join the features of the same size, convolve twice."""

    def __init__(self, channels: Sequence[int], batch_norm: bool) -> None:
        super().__init__()
        steps = list(itertools.pairwise(channels))
        self.up = nn.ModuleList(nn.ConvTranspose2d(deep, fine, 2, stride=2) for deep, fine in steps)
        self.levels = nn.ModuleList(_two_convolutions(deep, fine, batch_norm) for deep, fine in steps)

    def forward(self, features: list[Tensor]) -> Tensor:
        """Map the features of the way down to one of the finest size."""
        x = features[-1]
        for up, level, skip in zip(self.up, self.levels, features[-2::-1], strict=True):
            x = level(torch.cat([skip, up(x)], dim=1))
        return x


def _two_convolutions(before: int, after: int, batch_norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (before, after):
        layers.append(nn.Conv2d(channels, after, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(after))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def build_unet(
    encoder: str, classes: int, width: int = 64, batch_norm: bool = False, **options: object
) -> nn.Module:
    """U-Net with the encoder of that name; ``width`` and ``batch_norm`` are of `unet2015` alone."""
    if encoder == UNET_2015:
        return UNet2015(classes, width, batch_norm)
    network: nn.Module = smp.Unet(encoder_name=encoder, encoder_weights=None, classes=classes, **options)
    return network
