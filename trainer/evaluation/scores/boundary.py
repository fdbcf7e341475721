"""Boundary scores, of predicted outlines against true ones: normalised surface distance and HD95.

Distances are in pixels of the photo scaled to a long side of 1024, so that they mean the same for every
camera, and so that twelve million pixels need not be measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion, distance_transform_edt

from trainer.data.photo_cache import resize_nearest
from trainer.evaluation.metrics import Floats
from trainer.labels.values import IGNORE
from trainer.project.files.decode import scaled_size

if TYPE_CHECKING:
    from trainer.evaluation.metrics import Floats

LONG_SIDE = 1024
TOLERANCE = 2.0
"""Pixels that an outline may be off without being wrong."""

Labels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class BoundaryScores:
    """Scores of one photo per class, ``(K,)`` float64; NaN for classes in neither mask."""

    nsd: Floats
    """Share of both outlines that lies within the tolerance of the other one."""
    hd95: Floats
    """95th percentile of the distances between the outlines, the worse of both directions, pixels."""


def boundary_scores(
    target: Labels, prediction: Labels, classes: int, tolerance: float = TOLERANCE
) -> BoundaryScores:
    """Compare the outlines of every class on one photo.

    Parameters
    ----------
    target
        Class indices, IGNORE where not labelled, ``(H, W)`` uint8. What is not labelled belongs to no class
        in either mask, like what lies outside the photo.
    prediction
        Class indices, same shape.
    tolerance
        Of the normalised surface distance, pixels at LONG_SIDE.

    Returns
    -------
    BoundaryScores
        A class in one mask only scores 0, and its HD95 is the photo's diagonal, the worst there is.

    References
    ----------
    Nikolov et al. 2021 (normalised surface distance); Huttenlocher et al. 1993 (Hausdorff distance).
    """
    height, width = target.shape
    if max(height, width) > LONG_SIDE:
        size = scaled_size(height, width, LONG_SIDE)
        target, prediction = resize_nearest(target, *size), resize_nearest(prediction, *size)
    labelled = target != IGNORE
    nsd, hd95 = np.full(classes, np.nan), np.full(classes, np.nan)
    for index in range(classes):
        truth, guess = target == index, (prediction == index) & labelled
        if truth.any() or guess.any():
            nsd[index], hd95[index] = _compare(truth, guess, tolerance)
    return BoundaryScores(nsd, hd95)


def _compare(truth: Mask, guess: Mask, tolerance: float) -> tuple[float, float]:
    if not (truth.any() and guess.any()):
        return 0.0, float(np.hypot(*truth.shape))
    around = _box_around(truth | guess)
    one, other = outline(truth[around]), outline(guess[around])
    to_other = distance_transform_edt(~other)[one]
    to_one = distance_transform_edt(~one)[other]
    near = (to_other <= tolerance).sum() + (to_one <= tolerance).sum()
    return float(near / (len(to_other) + len(to_one))), float(
        max(np.percentile(to_other, 95), np.percentile(to_one, 95))
    )


def outline(mask: Mask) -> Mask:
    """Find the pixels of a mask that touch, by a side, something else or the end of the photo."""
    inside: Mask = binary_erosion(mask, border_value=0)
    return mask & ~inside


def _box_around(mask: Mask) -> tuple[slice, slice]:
    """Find the smallest box that holds the mask; outlines, and so all distances asked for, lie in it."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
