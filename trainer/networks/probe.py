"""Probe: small heads on the features of a frozen backbone.

Shape suffixes: N photos, B pixels, D feature dimensions, M heads, K classes, H rows, W columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.networks.backbone import FINEST, build_backbone
from trainer.networks.segmenters import Segmenter

if TYPE_CHECKING:
    from collections.abc import Sequence


class ProbeSegmenter(Segmenter):
    """A segmenter that can also tell what each of its heads says."""

    network: Probe

    def heads(self, image_NCHW: Tensor) -> Tensor:
        """Logits of each head at stride 4, ``(M, N, K, H/4, W/4)``, of pictures in [-1, 1]."""
        return self.network.heads((image_NCHW - self.mean) / self.std)

    def frozen_tensors(self) -> list[str]:
        """Names of the backbone's tensors."""
        return [name for name in self.state_dict() if name.startswith("network.encoder.")]

    def from_stages(self, stages: Sequence[Tensor], size: Sequence[int]) -> Tensor:
        """Logarithms of probabilities ``(N, K, *size)`` from feature stages of the encoder."""
        return self.network.mean_of_heads(self.network.heads_on(stages), size)


class Probe(nn.Module):
    """Frozen backbone and M heads: Linear, ReLU, dropout, Linear on every pixel's features.

    A pixel's features are those of all stages at stride 4, the last stage's mean over the photo, and its row
    and column in [-1, 1], each standardised. Since a linear layer commutes with bilinear interpolation, the
    first one runs at each stage's own stride. The answer is the logarithm of the heads' mean probability.

    Parameters
    ----------
    encoder, output_stride
        As of `build_backbone`.
    classes
        Number of classes.
    heads, width
        Number of heads, and hidden units of each.
    """

    requires_divisible_input_shape = False
    shift_D: Tensor
    scale_D: Tensor

    def __init__(
        self, encoder: str, classes: int, heads: int = 4, width: int = 128, output_stride: int = 32
    ) -> None:
        super().__init__()
        self.encoder = build_backbone(encoder, output_stride)
        self.dims = sum(self.encoder.channels) + self.encoder.channels[-1] + 2
        self.shape = (heads, width, classes)
        self.register_buffer("shift_D", torch.zeros(self.dims))
        self.register_buffer("scale_D", torch.ones(self.dims))
        self.hidden = nn.Linear(self.dims, heads * width)
        self.dropout = nn.Dropout(0.3)
        self.out_MKW = nn.Parameter(torch.empty(heads, classes, width).uniform_(-1, 1) * width**-0.5)
        self.out_bias_MK = nn.Parameter(torch.zeros(heads, classes))

    def standardise(self, mean_D: Tensor, std_D: Tensor) -> None:
        """Set the mean and standard deviation of the features that the heads will be trained on."""
        self.shift_D.copy_(mean_D)
        self.scale_D.copy_(1 / std_D.clamp_min(1e-3))

    def pixel_logits(self, features_BD: Tensor) -> Tensor:
        """Logits ``(B, M, K)`` of single pixels, whose features are as `gather` gives them."""
        hidden = F.relu(self.hidden((features_BD - self.shift_D) * self.scale_D))
        hidden = self.dropout(hidden).unflatten(1, self.shape[:2])
        return torch.einsum("bmw,mkw->bmk", hidden, self.out_MKW) + self.out_bias_MK

    def heads(self, image_NCHW: Tensor) -> Tensor:
        """Logits of each head at stride 4, ``(M, N, K, H/4, W/4)``, of pictures on the encoder's scale."""
        return self.heads_on(self.encoder(image_NCHW))

    def heads_on(self, stages: Sequence[Tensor]) -> Tensor:
        """Logits of each head at stride 4 on feature stages of the encoder, ``(N, C, h, w)`` each."""
        return self.answers(self.hidden_on(stages))

    def hidden_on(self, stages: Sequence[Tensor]) -> Tensor:
        """Hidden units of all heads at stride 4, ``(N, M * W, H/4, W/4)``, before dropout."""
        weight = self.hidden.weight * self.scale_D
        bias = self.hidden.bias - weight @ self.shift_D
        size, start = stages[0].shape[-2:], 0
        total: Tensor | None = None
        for stage in stages:
            part = weight[:, start : start + stage.shape[1]]
            start += stage.shape[1]
            mapped = F.conv2d(stage, part.to(stage.dtype)[..., None, None])
            mapped = to_size(mapped, size)
            total = mapped if total is None else total + mapped
        assert total is not None
        photo = stages[-1].mean(dim=(2, 3)) @ weight[:, start:-2].T.to(total.dtype) + bias
        place = places(size[0], size[1], total.device) @ weight[:, -2:].T  # (H, W, MW)
        return F.relu(total + photo[..., None, None] + place.movedim(-1, 0))

    def answers(self, hidden_NCHW: Tensor) -> Tensor:
        """Logits of each head, ``(M, N, K, H, W)``, from their hidden units."""
        hidden = self.dropout(hidden_NCHW).unflatten(1, self.shape[:2])
        logits = torch.einsum("nmwyx,mkw->mnkyx", hidden, self.out_MKW.to(hidden.dtype))
        return logits + self.out_bias_MK[:, None, :, None, None]

    def forward(self, image_NCHW: Tensor) -> Tensor:
        """Map ``(N, 3, H, W)`` to logarithms of probabilities, ``(N, K, H, W)``."""
        return self.mean_of_heads(self.heads(image_NCHW), image_NCHW.shape[-2:])

    def mean_of_heads(self, logits: Tensor, size: Sequence[int]) -> Tensor:
        """Logarithm of the heads' mean probability ``(N, K, *size)`` from `heads`."""
        probabilities = logits.float().softmax(dim=2).mean(dim=0)
        return to_size(probabilities, size).clamp_min(1e-7).log()


def to_size(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Scale ``(N, C, h, w)`` bilinearly to ``size``."""
    if maps.shape[-2:] == tuple(size):
        return maps
    return F.interpolate(maps, size=tuple(size), mode="bilinear", align_corners=False)


def places(height: int, width: int, device: torch.device | None = None) -> Tensor:
    """Row and column of every pixel in [-1, 1], ``(height, width, 2)``."""
    rows = (torch.arange(height, device=device) + 0.5) * (2 / height) - 1
    columns = (torch.arange(width, device=device) + 0.5) * (2 / width) - 1
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=-1)


def gather(stages: Sequence[Tensor], index: Tensor) -> tuple[Tensor, Tensor]:
    """Features of single pixels of one photo.

    Parameters
    ----------
    stages
        ``(C, h, w)`` each, finest first.
    index
        Flat indices of pixels of the finest stage, int64 ``(B,)``.

    Returns
    -------
    Tensor, Tensor
        Features that differ between pixels, ``(B, D - C)``: all stages, then row and column; and what the
        pixels share, the last stage's mean ``(C,)``. `join` makes them the features of `Probe`.
    """
    height, width = stages[0].shape[-2:]
    rows, columns = index // width, index % width
    own = [_interpolated(stage, rows, columns, (height, width)) for stage in stages]
    own.append(places(height, width).reshape(-1, 2)[index])
    return torch.cat(own, dim=1), stages[-1].float().mean(dim=(1, 2))


def _interpolated(stage: Tensor, rows: Tensor, columns: Tensor, size: tuple[int, int]) -> Tensor:
    """Values ``(B, C)`` that `to_size` would give a stage ``(C, h, w)`` at some pixels."""
    if stage.shape[-2:] == size:
        return stage[:, rows, columns].float().T
    (top, bottom, down), (left, right, across) = (
        _neighbours(place, full, small)
        for place, full, small in zip((rows, columns), size, stage.shape[-2:], strict=True)
    )
    upper = torch.lerp(stage[:, top, left].float(), stage[:, top, right].float(), across)
    lower = torch.lerp(stage[:, bottom, left].float(), stage[:, bottom, right].float(), across)
    return torch.lerp(upper, lower, down).T


def _neighbours(place: Tensor, full: int, small: int) -> tuple[Tensor, Tensor, Tensor]:
    """Two nearest places on a side of `small` pixels, and the share of the second, for bilinear scaling."""
    exact = ((place + 0.5) * (small / full) - 0.5).clamp(0, small - 1)
    first = exact.long()
    return first, (first + 1).clamp(max=small - 1), exact - first


def join(own_BE: Tensor, shared_BC: Tensor) -> Tensor:
    """Features ``(B, D)`` in the order of `Probe` from the two parts that `gather` returns."""
    return torch.cat([own_BE[:, :-2], shared_BC, own_BE[:, -2:]], dim=1)


def build_probe(encoder: str, classes: int, **options: int) -> Probe:
    """Build a probe with random heads and a backbone with random weights."""
    return Probe(encoder, classes, **options)


__all__ = ["FINEST", "Probe", "ProbeSegmenter", "build_probe", "gather", "join", "places", "to_size"]
