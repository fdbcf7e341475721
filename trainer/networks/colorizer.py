"""The generator of the colorization task: a segmenter's network that paints instead of naming classes.

Shape suffixes: N photos, C channels, H rows, W columns; h, w are H/4 and W/4, rounded up.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from trainer.networks.segmenters import DeepLabV3Plus, Segmenter

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in the gray of ITU-R BT.601."""


class Colorizer(Segmenter):
    """A segmenter with three outputs, read at a quarter of the input's size and squeezed into [-1, 1].

    Its parameters have the segmenter's names, so that what it learns loads into one.
    """

    @classmethod
    def of(cls, segmenter: Segmenter) -> Colorizer:
        """Wrap the same network as a colorizer; it must have three output channels."""
        made = cls(
            segmenter.network, segmenter.arch, segmenter.encoder_name, segmenter.classes, segmenter.options
        )
        made.train(segmenter.training)
        return made

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """Map gray pictures in [-1, 1], ``(N, 3, H, W)`` with three equal channels, to ``(N, 3, h, w)``."""
        network = self.network
        if isinstance(network, DeepLabV3Plus):  # its decoder works at this size: 513 -> 129
            image = (image_NCHW - self.mean) / self.std
            return torch.tanh(network.segmentation_head[0](network.decode(network.encoder(image))).float())
        size = [-(-side // 4) for side in image_NCHW.shape[-2:]]
        logits = super().forward(image_NCHW).float()
        return torch.tanh(F.interpolate(logits, size=size, mode="bilinear", antialias=True))


def gray(image_NCHW: Tensor) -> Tensor:
    """Take the colours away, ``(N, 1, H, W)``."""
    luma = image_NCHW.new_tensor(LUMA).view(1, 3, 1, 1)
    return (image_NCHW * luma).sum(dim=1, keepdim=True)


def shrink(image_NCHW: Tensor, inside_NHW: Tensor, size: torch.Size) -> tuple[Tensor, Tensor]:
    """Downscale with antialiasing, from the photo's pixels alone.

    Parameters
    ----------
    image_NCHW, inside_NHW
        A picture and where it is photo rather than fill; the fill takes no part in the averages.
    size
        (h, w).

    Returns
    -------
    Tensor, Tensor
        ``(N, C, h, w)``, zero where there is no photo, and ``(N, 1, h, w)`` float: 1 where more than half is.
    """
    weight = inside_NHW.unsqueeze(1).float()
    area = tuple(size)
    share = F.interpolate(weight, size=area, mode="bilinear", antialias=True)
    small = F.interpolate(image_NCHW * weight, size=area, mode="bilinear", antialias=True)
    mask = (share > 0.5).float()
    return small / share.clamp(min=0.5) * mask, mask
