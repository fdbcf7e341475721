"""The fit of a photo to the network's square: cut out of it, squashed into it, or placed whole inside it.

Training and prediction both go through here, so that a network sees the same in both.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.data.photo_cache import resize_nearest

Bytes = npt.NDArray[np.uint8]

Fit = Literal["crop", "squash", "pad"]
"""``crop``: a window of the photo. ``squash``: the whole photo, its sides made equal. ``pad``: the whole
photo with its proportions kept, its long side as long as the square's, filled up with white."""

Centres = Literal["inside", "uniform"]
"""Position of windows: ``inside`` the photo, or with centres ``uniform`` over it and filled up outside."""


def fitted_shape(height: int, width: int, fit: Fit, size: int) -> tuple[int, int]:
    """(rows, columns) of a photo after `fit_photo`; scaled up as well where the photo is small."""
    if fit == "crop":
        return height, width
    if fit == "squash":
        return size, size
    factor = size / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def fit_photo(photo: Bytes, fit: Fit, size: int) -> Bytes:
    """Resize a photo ``(H, W, 3)`` for a square of ``size`` pixels, bilinear and antialiased."""
    rows, columns = fitted_shape(photo.shape[0], photo.shape[1], fit, size)
    if photo.shape[:2] == (rows, columns):
        return photo
    return np.asarray(Image.fromarray(photo).resize((columns, rows), Image.Resampling.BILINEAR))


def fit_target(target: Bytes, fit: Fit, size: int) -> Bytes:
    """Resize labels ``(H, W)`` as `fit_photo` does photos, by the nearest pixel."""
    rows, columns = fitted_shape(target.shape[0], target.shape[1], fit, size)
    return resize_nearest(target, rows, columns)


def middle(shape: tuple[int, ...]) -> tuple[int, int]:
    """Row and column a whole photo is centred on in its square."""
    return shape[0] // 2, shape[1] // 2


def place_in(shape: tuple[int, ...], size: int) -> tuple[slice, slice]:
    """Rows and columns of a square of ``size`` where a photo of ``shape``, no larger, comes to lie."""
    row, column = middle(shape)
    top, left = size // 2 - row, size // 2 - column
    return slice(top, top + shape[0]), slice(left, left + shape[1])
