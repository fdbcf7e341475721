"""Edge refinement without torch: maps that follow the edges of a small photo.

The colour guided filter (He, Sun and Tang 2010), as `trainer.inference.edges` has it for whole predictions;
its coefficients are found on every second pixel (He and Sun 2015, "Fast guided filter"). It is linear in the
maps: a small change to them is filtered by itself, and added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from trainer.instant.resized import resized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

RADIUS, REFERENCE = 16, 384
"""Half side of a window, in pixels of a photo of this long side; others in proportion."""
EPSILON = 1e-3
"""Variance of colours in [0, 1] below which a window counts as flat."""
STEP = 2


class Guide:
    """A small photo, prepared to filter maps of its size.

    Parameters
    ----------
    photo
        ``(height, width, 3)`` uint8.
    """

    def __init__(self, photo: NDArray[np.uint8]) -> None:
        self.shape: tuple[int, int] = (photo.shape[0], photo.shape[1])
        radius = max(1, round(RADIUS * max(self.shape) / REFERENCE))
        self.margin = 2 * radius
        """So far a pixel counts for others."""
        self._radius = max(1, radius // STEP)
        self._colours: Floats = np.divide(photo, 255, dtype=np.float32).transpose(2, 0, 1)
        half = (-(-self.shape[0] // STEP), -(-self.shape[1] // STEP))
        self._half: Floats = resized(self._colours, half)
        self._mean = self._box(self._half)
        products = self._half[:, None] * self._half[None]
        covariance = self._box(products.reshape(9, *half)).reshape(3, 3, *half)
        covariance -= self._mean[:, None] * self._mean[None]
        matrices = covariance.transpose(2, 3, 0, 1) + EPSILON * np.eye(3, dtype=np.float32)
        self._inverse: Floats = np.linalg.inv(matrices).transpose(2, 3, 0, 1).astype(np.float32)

    def filtered(self, maps: Floats) -> Floats:
        """Filter maps ``(C, h, w)`` of any size over the whole photo: ``(C, height, width)``."""
        half = resized(maps, (self._half.shape[1], self._half.shape[2]))
        out = np.zeros((len(maps), *self.shape), np.float32)
        for index, plane in enumerate(half):
            if not plane.any():
                continue
            means = self._box(np.concatenate([self._half * plane, plane[None]]))
            with_plane = means[:3] - self._mean * means[3]
            slopes = sum(self._inverse[:, colour] * with_plane[colour] for colour in range(3))
            constant = means[3] - (slopes * self._mean).sum(axis=0)
            *slopes, constant = self._box(np.concatenate([slopes, constant[None]]))
            out[index] = resized(constant[None], self.shape)[0]
            for slope, colour in zip(slopes, self._colours, strict=True):
                scaled = resized(slope[None], self.shape)[0]
                scaled *= colour
                out[index] += scaled
        return out

    def _box(self, maps: Floats) -> Floats:
        side = 2 * self._radius + 1
        mean: Floats = ndimage.uniform_filter(maps, (0, side, side), mode="nearest")
        return mean
