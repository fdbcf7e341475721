"""Bilinear scaling of small maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray


def resized(maps: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Scale maps ``(C, h, w)`` to ``(C, *shape)``: bilinearly up, by area down."""
    if maps.shape[1:] == shape:
        return maps
    out = np.empty((len(maps), *shape), np.float32)
    for index, plane in enumerate(maps):
        if plane.any():
            picture = Image.fromarray(np.ascontiguousarray(plane))
            out[index] = np.asarray(picture.resize(shape[::-1], Image.Resampling.BILINEAR))
        else:
            out[index] = 0
    return out
