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
    if shape == (2 * maps.shape[1], 2 * maps.shape[2]):
        return _doubled(_doubled(maps, 2), 1)
    out = np.empty((len(maps), *shape), np.float32)
    for index, plane in enumerate(maps):
        if plane.any():
            picture = Image.fromarray(np.ascontiguousarray(plane))
            out[index] = np.asarray(picture.resize(shape[::-1], Image.Resampling.BILINEAR))
        else:
            out[index] = 0
    return out


def _doubled(maps: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Scale one side to twice its length: the same values, in half the time that pictures take."""
    out = np.empty([size * 2 if side == axis else size for side, size in enumerate(maps.shape)], np.float32)
    maps, found = maps.swapaxes(0, axis), out.swapaxes(0, axis)
    near, far = maps * np.float32(0.75), maps * np.float32(0.25)
    np.add(near[1:], far[:-1], out=found[2::2])
    np.add(near[:-1], far[1:], out=found[1:-1:2])
    found[0], found[-1] = maps[0], maps[-1]
    return out
