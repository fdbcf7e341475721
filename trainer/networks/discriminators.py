"""Discriminators: maps of logits that are high where a picture, or a picture with its classes, looks real.

Shape suffixes: N photos, C channels, H rows, W columns; h, w are the rows and columns of the answer.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOPE = 0.2
STRIDED_LAYERS = {"patch16": (4,), "patch70": (4, 4, 4), "patch256": (4, 3, 3, 3, 3)}
"""Kernels of the layers with stride 2; two of kernel 4 and stride 1 follow."""


class Discriminator(nn.Module):
    """A network that tells real from made, with what is needed to build it again.

    Parameters
    ----------
    kind
        A key of ``DISCRIMINATORS``.
    channels
        Of the input, for instance 3 of the photo and one per class.
    width
        Channels after the first layer.
    norm
        ``batch``, ``group`` or ``none``.
    stride
        Its input is :meth:`coarse`: averaged over squares of this many pixels.
    """

    smallest = 1
    """Smallest side of an input after that, in pixels."""

    def __init__(self, kind: str, channels: int, width: int, norm: str, stride: int = 1) -> None:
        super().__init__()
        self.kind, self.channels, self.width, self.norm, self.stride = kind, channels, width, norm, stride

    def describe(self) -> dict[str, object]:
        """Return the arguments with which :func:`build_discriminator` makes this network again."""
        names = ("kind", "channels", "width", "norm", "stride")
        return {name: getattr(self, name) for name in names}

    def logits(self, input_NCHW: Tensor) -> Tensor:
        """Compute the answer of :meth:`forward` for an input that is large enough."""
        raise NotImplementedError

    def coarse(self, pixels_NCHW: Tensor) -> Tensor:
        """Average over squares of ``stride`` pixels; those at the edges may be smaller."""
        if self.stride == 1:
            return pixels_NCHW
        return F.avg_pool2d(pixels_NCHW, self.stride, ceil_mode=True, count_include_pad=False)

    def forward(self, input_NCHW: Tensor) -> Tensor:
        """Map a coarse input ``(N, C, H, W)`` to logits ``(N, 1, h, w)``, high where it looks real.

        Raises
        ------
        ConfigError
            The input is too small for this kind.
        """
        side = min(input_NCHW.shape[-2:])
        if side < self.smallest:
            raise ConfigError(
                f"discriminator '{self.kind}' needs {self.smallest * self.stride} pixels or more and got "
                f"{side * self.stride}: raise training.size or choose a smaller one"
            )
        return self.logits(input_NCHW)


class Surrogate(Discriminator):
    """The colorization surrogate's discriminator: 129 x 129 -> 64 -> 32 -> 4 x 4; the mean is its answer.

    Source: figure of the surrogate-task paper (conv4 s2 64, conv4 s2 128 with BatchNorm, conv to 1 x 4 x 4).
    The last layer looks at 8 x 8 fields side by side, so that other sizes give other grids (128: 4 x 4,
    32: 1 x 1); what is not a multiple is filled with zeros.
    """

    FIELD = 8
    smallest = 8

    def __init__(self, kind: str, channels: int, width: int, norm: str, stride: int = 1) -> None:
        super().__init__(kind, channels, width, norm, stride)
        self.features = nn.Sequential(
            nn.Conv2d(channels, width, 4, 2, 1),
            nn.LeakyReLU(SLOPE),
            *_layer(width, 2 * width, 4, 2, norm),
        )
        self.answer = nn.Conv2d(2 * width, 1, self.FIELD, self.FIELD)

    def logits(self, input_NCHW: Tensor) -> Tensor:
        """Logits of fields of 32 x 32 pixels."""
        features = self.features(input_NCHW)
        below, right = (-features.shape[-2]) % self.FIELD, (-features.shape[-1]) % self.FIELD
        answer: Tensor = self.answer(F.pad(features, (0, right, 0, below)))
        return answer


class Patch(Discriminator):
    """PatchGAN (Isola et al. 2017): each logit stands for a square of 16, 70 or 256 pixels.

    ``patch16`` and ``patch70`` are pix2pix's. Its largest, all kernels 4, sees 286 pixels; ``patch256`` has
    kernels of 3 after the first layer, which makes it 256.
    """

    def __init__(self, kind: str, channels: int, width: int, norm: str, stride: int = 1) -> None:
        super().__init__(kind, channels, width, norm, stride)
        strided = STRIDED_LAYERS[kind]
        layers: list[nn.Module] = [nn.Conv2d(channels, width, strided[0], 2, 1), nn.LeakyReLU(SLOPE)]
        wide = width
        for kernel in strided[1:]:
            layers += _layer(wide, min(2 * wide, 8 * width), kernel, 2, norm)
            wide = min(2 * wide, 8 * width)
        layers += _layer(wide, min(2 * wide, 8 * width), 4, 1, norm)
        layers += [nn.Conv2d(min(2 * wide, 8 * width), 1, 4, 1, 1)]
        self.layers = nn.Sequential(*layers)
        self.smallest = 3 * 2 ** len(strided)

    def logits(self, input_NCHW: Tensor) -> Tensor:
        """One logit per patch."""
        answer: Tensor = self.layers(input_NCHW)
        return answer

    @property
    def receptive_field(self) -> int:
        """Side of the square of pixels that one logit depends on."""
        field = 1
        for layer in reversed([layer for layer in self.layers if isinstance(layer, nn.Conv2d)]):
            field = (field - 1) * layer.stride[0] + layer.kernel_size[0]
        return field


class FullyConvolutional(Discriminator):
    """A small U-Net (width, 2, 4, 8 times it; GroupNorm, LeakyReLU .2): one logit per pixel, at any size."""

    smallest = 8

    def __init__(self, kind: str, channels: int, width: int, norm: str, stride: int = 1) -> None:
        super().__init__(kind, channels, width, norm, stride)
        wide = [width, 2 * width, 4 * width, 8 * width]
        self.first = nn.Sequential(nn.Conv2d(channels, width, 3, 1, 1), nn.LeakyReLU(SLOPE))
        self.down = nn.ModuleList(nn.Sequential(*_layer(wide[i], wide[i + 1], 4, 2, norm)) for i in range(3))
        self.up = nn.ModuleList(
            nn.Sequential(*_layer(wide[i + 1] + wide[i], wide[i], 3, 1, norm)) for i in reversed(range(3))
        )
        self.answer = nn.Conv2d(width, 1, 1)

    def logits(self, input_NCHW: Tensor) -> Tensor:
        """Logits at the input's size."""
        features = self.first(input_NCHW)
        skips = []
        for down in self.down:
            skips.append(features)
            features = down(features)
        for up, skip in zip(self.up, reversed(skips), strict=True):
            features = F.interpolate(features, size=skip.shape[-2:], mode="bilinear", align_corners=False)
            features = up(torch.cat([features, skip], dim=1))
        answer: Tensor = self.answer(features)
        return answer


def _layer(inside: int, outside: int, kernel: int, stride: int, norm: str) -> list[nn.Module]:
    """Convolution, normalisation, LeakyReLU."""
    convolution = nn.Conv2d(inside, outside, kernel, stride, 1, bias=norm == "none")
    if norm == "none":
        return [convolution, nn.LeakyReLU(SLOPE)]
    normal = nn.BatchNorm2d(outside) if norm == "batch" else nn.GroupNorm(math.gcd(8, outside), outside)
    return [convolution, normal, nn.LeakyReLU(SLOPE)]


DISCRIMINATORS: dict[str, tuple[type[Discriminator], int, str]] = {
    "surrogate": (Surrogate, 64, "batch"),
    "patch16": (Patch, 64, "batch"),
    "patch70": (Patch, 64, "batch"),
    "patch256": (Patch, 64, "batch"),
    "fcn": (FullyConvolutional, 32, "group"),
}
"""Class, width and normalisation of each kind."""


def build_discriminator(
    kind: str, channels: int, width: int | None = None, norm: str | None = None, stride: int = 1
) -> Discriminator:
    """Build a discriminator with random weights.

    Parameters
    ----------
    kind
        ``surrogate``, ``patch16``, ``patch70``, ``patch256`` or ``fcn``.
    channels
        Of the input.
    width
        Channels after the first layer; None: as in the source, 64 (``fcn``: 32).
    norm
        ``batch``, ``group`` or ``none``; None: as in the source, ``batch`` (``fcn``: ``group``).
    stride
        Judge the input averaged over squares of this many pixels; its answer gets coarser by as much.

    Raises
    ------
    ConfigError
        Unknown kind or normalisation.
    """
    if kind not in DISCRIMINATORS:
        raise ConfigError(f"discriminator: '{kind}' is none of {', '.join(DISCRIMINATORS)}")
    if norm not in (None, "batch", "group", "none"):
        raise ConfigError(f"discriminator: norm '{norm}' is none of batch, group, none")
    make, its_width, its_norm = DISCRIMINATORS[kind]
    return make(kind, channels, width or its_width, norm or its_norm, stride)


@contextmanager
def frozen(network: nn.Module) -> Iterator[nn.Module]:
    """Let gradients through a network without leaving any in it, and leave its batch statistics alone.

    Inside, BatchNorm layers normalise with the current batch, as in training, but do not record it.
    Yields the bare network, without the wrapper of Fabric, whose hooks expect gradients.
    """
    bare: nn.Module = getattr(network, "module", network)
    learning = [p for p in bare.parameters() if p.requires_grad]
    recording = [
        m for m in bare.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.track_running_stats
    ]
    try:
        for parameter in learning:
            parameter.requires_grad_(False)
        for layer in recording:
            layer.track_running_stats = False
        yield bare
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
        for layer in recording:
            layer.track_running_stats = True
