"""Tiled prediction: overlapping windows, their weights, and bands of rows at full size.

Arrays of class probabilities are the largest thing in a prediction. Everything here works on bands of rows,
so that memory follows a photo's width and not its area.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from trainer.data.augment import PHOTO_FILL

WINDOW = 512
"""Side of a window in pixels."""
STRIDE = 384
"""Pixels between the beginnings of neighbouring windows."""
BAND = 128
"""Rows that are scaled to full size at a time."""

Bytes = npt.NDArray[np.uint8]
Bands = Iterator[tuple[int, Tensor]]
"""Pairs of the first row and ``(K, rows, W)``, top to bottom."""


def blended_bands(
    working: Bytes,
    probabilities_of: Callable[[Bytes], Tensor],
    channels: int,
    device: torch.device,
    windows_at_once: int = 1,
) -> Bands:
    """Blend the predictions of overlapping windows with Hann weights; one row of windows is in memory.

    Parameters
    ----------
    working
        Photo at working size, ``(h, w, 3)``.
    probabilities_of
        Maps windows ``(N, WINDOW, WINDOW, 3)`` uint8 to ``(N, channels, WINDOW, WINDOW)`` on the device.
    windows_at_once
        Largest N.

    Yields
    ------
    int, Tensor
        First row and ``(channels, rows, w)``, top to bottom.
    """
    height, width = working.shape[:2]
    weight = hann(WINDOW, device)
    tops, lefts = window_starts(height), window_starts(width)
    padded_width = max(width, WINDOW)
    overlap, overlap_weights = torch.empty(0), torch.empty(0)
    for i, top in enumerate(tops):
        row = torch.zeros(channels, WINDOW, padded_width, device=device)
        weights = torch.zeros(WINDOW, padded_width, device=device)
        for start in range(0, len(lefts), windows_at_once):
            some = lefts[start : start + windows_at_once]
            cuts = np.stack([_cut(working, top, left) for left in some])
            for left, probabilities in zip(some, probabilities_of(cuts), strict=True):
                row[:, :, left : left + WINDOW] += probabilities * weight
                weights[:, left : left + WINDOW] += weight
        if i > 0:
            # the row above left its sums undivided where this row still adds to them
            row[:, : overlap.shape[1]] += overlap
            weights[: len(overlap_weights)] += overlap_weights
        # rows above the next row of windows are complete: divide and hand them over now
        done = min(height, tops[i + 1] if i + 1 < len(tops) else height) - top
        yield top, (row[:, :done] / weights[:done])[..., :width]
        overlap, overlap_weights = row[:, done:], weights[done:]


def _cut(working: Bytes, top: int, left: int) -> Bytes:
    """One window, white beyond the photo's border as in training."""
    cut = np.full((WINDOW, WINDOW, 3), PHOTO_FILL, np.uint8)
    part = working[top : top + WINDOW, left : left + WINDOW]
    cut[: part.shape[0], : part.shape[1]] = part
    return cut


def window_starts(extent: int) -> list[int]:
    """Return where windows begin along one side: every STRIDE pixels, the last one at the end."""
    if extent <= WINDOW:
        return [0]
    return sorted({*range(0, extent - WINDOW, STRIDE), extent - WINDOW})


def hann(size: int, device: torch.device | None = None) -> Tensor:
    """Return weights ``(size, size)`` that fall towards the border of a window and are never zero.

    A network sees little context at a border; without the fall, seams between windows would show.
    """
    line = torch.hann_window(size + 2, periodic=False, device=device)[1:-1]
    return torch.outer(line, line) + 1e-6


def upsampled_bands(small: Tensor, height: int, width: int) -> Bands:
    """Yield bands ``(top, (K, rows, width))`` of ``small``, ``(K, h, w)``, scaled to ``(height, width)``."""
    for top in range(0, height, BAND):
        yield top, upsampled_rows(small, top, min(height, top + BAND), height, width)


def upsampled_rows(small: Tensor, top: int, bottom: int, height: int, width: int) -> Tensor:
    """Scale rows ``top`` to ``bottom`` of ``small``, ``(K, h, w)``, bilinearly to ``(height, width)``.

    Equal to those rows of `torch.nn.functional.interpolate` with ``align_corners=False`` on the whole map.
    """
    # pixel centres lie at half-integers, hence the half pixel before and after the change of scale
    rows = (torch.arange(top, bottom, device=small.device) + 0.5) * (small.shape[1] / height) - 0.5
    rows = rows.clamp(0, small.shape[1] - 1)
    above = rows.long()
    below = (above + 1).clamp(max=small.shape[1] - 1)
    share = (rows - above)[None, :, None]
    band = torch.lerp(small[:, above].float(), small[:, below].float(), share)
    return F.interpolate(band, size=width, mode="linear", align_corners=False)
