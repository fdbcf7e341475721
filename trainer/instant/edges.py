"""Edge refinement without torch: maps that follow the edges of a small photo.

The colour guided filter (He, Sun and Tang 2010), as `trainer.inference.edges` has it for whole predictions.
It is linear in the maps: a small change to them is filtered by itself, where it is, and added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

RADIUS, REFERENCE = 16, 384
"""Half side of a window, in pixels of a photo of this long side; others in proportion."""
EPSILON = 1e-3
"""Variance of colours in [0, 1] below which a window counts as flat."""


class Guide:
    """A small photo, prepared to filter maps of its size.

    Parameters
    ----------
    photo
        ``(height, width, 3)`` uint8.
    """

    def __init__(self, photo: NDArray[np.uint8]) -> None:
        self.shape: tuple[int, int] = (photo.shape[0], photo.shape[1])
        self.radius = max(1, round(RADIUS * max(self.shape) / REFERENCE))
        self._colours: Floats = np.divide(photo, 255, dtype=np.float32).transpose(2, 0, 1)
        self._mean = self._box(self._colours)
        products = self._colours[:, None] * self._colours[None]
        covariance = self._box(products.reshape(9, *self.shape)).reshape(3, 3, *self.shape)
        covariance -= self._mean[:, None] * self._mean[None]
        matrices = covariance.transpose(2, 3, 0, 1) + EPSILON * np.eye(3, dtype=np.float32)
        self._inverse: Floats = np.linalg.inv(matrices).transpose(2, 3, 0, 1).astype(np.float32)

    def filtered(self, maps: Floats, area: tuple[slice, slice]) -> Floats:
        """Filter maps ``(C, rows, columns)`` of an area of the photo, outside of which they are all zero."""
        where = (slice(None), *area)
        colours, mean = self._colours[where], self._mean[where]
        inverse = self._inverse[(slice(None), *where)]
        out = np.empty_like(maps)
        for index, plane in enumerate(maps):
            means = self._box(np.concatenate([colours * plane, plane[None]]))
            with_plane = means[:3] - mean * means[3]
            slopes = np.einsum("ijhw,jhw->ihw", inverse, with_plane)
            constant = means[3] - (slopes * mean).sum(axis=0)
            found = self._box(np.concatenate([slopes, constant[None]]))
            out[index] = (found[:3] * colours).sum(axis=0) + found[3]
        return out

    def _box(self, maps: Floats) -> Floats:
        side = 2 * self.radius + 1
        mean: Floats = ndimage.uniform_filter(maps, (0, side, side), mode="nearest")
        return mean
