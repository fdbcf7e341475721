"""What strokes say about the cells of a photo that nobody has painted: kernel ridge regression.

The residual between a stroke's class and the prior is regressed on features and place: the mean of a Gaussian
process whose own mean is the prior (Rasmussen and Williams 2006, section 2.7). Its kernel is a product, so a
stroke counts only for cells that are near it in the photo *and* look alike; elsewhere the prior stays. A
stroke that agrees with the prior moves nothing, and holds its surroundings.

Shape suffixes: N cells, M cells under strokes, K classes, D features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from trainer.blas import one_blas_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.instant.cues import Cues, Source

    Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Reach:
    """How far a stroke counts; measured in docs/experiments.md.

    Attributes
    ----------
    alike
        Distance of features, as `Cues` scales them.
    near
        Distance in the photo, as a share of its long side.
    noise
        Variance of what a stroke says.
    """

    alike: float = 0.4
    near: float = 0.3
    noise: float = 0.1


REACH: dict[Source, Reach] = {
    "activations": Reach(),
    "embedding": Reach(),
    "colours": Reach(alike=0.15, near=0.1),
}
"""Colours say less than features of a network."""
MOST = 400
"""Cells under strokes that are looked at."""
BLOCK = 256
"""Cells that are worked out at a time."""


def shift(cues: Cues, values: NDArray[np.uint8], held: NDArray[np.bool_], reach: Reach) -> Floats:
    """Return what strokes add to the prior: float32 ``(K, H, W)``.

    Parameters
    ----------
    cues
        Of the photo.
    values
        uint8 ``(H, W)``: the class index + 1 that is painted on a cell, 0 where nothing is.
    held
        bool ``(H, W)``: cells that nobody has painted and where the prior shall stay.
    reach
        How far strokes count.
    """
    classes, (height, width) = len(cues.prior), cues.grid
    prior_NK = cues.prior.reshape(classes, -1).T
    flat = values.ravel()
    chosen = chosen_cells(flat, prior_NK)
    if not len(chosen):
        return np.zeros_like(cues.prior)
    painted = len(chosen)
    chosen = np.concatenate([chosen, spread(np.flatnonzero(held.ravel()), MOST // 2)])
    places = np.indices((height, width)).reshape(2, -1).T / max(height, width)
    points_ND = np.concatenate(
        [cues.features.reshape(height * width, -1) / reach.alike, places.astype(np.float32) / reach.near],
        axis=1,
    )
    residual_MK = -prior_NK[chosen]
    residual_MK[painted:] = 0
    residual_MK[np.arange(painted), flat[chosen[:painted]].astype(int) - 1] += 1
    others_MD = points_ND[chosen]
    with one_blas_thread():
        matrix_MM = _kernel(others_MD, others_MD) + reach.noise * np.eye(len(chosen), dtype=np.float32)
        weights_MK = linalg.solve(
            matrix_MM, residual_MK, assume_a="pos", overwrite_a=True, check_finite=False
        )
        # some cells at a time, which stay in the processor's cache
        moved_NK: Floats = np.concatenate(
            [
                _kernel(points_ND[first : first + BLOCK], others_MD) @ weights_MK
                for first in range(0, len(points_ND), BLOCK)
            ]
        )
    return moved_NK.T.reshape(classes, height, width)


def chosen_cells(flat: NDArray[np.uint8], prior_NK: Floats, most: int = MOST) -> NDArray[np.intp]:
    """Choose at most about `most` painted cells, as many of each class where there are enough.

    Of a class, half are cells where the prior says otherwise: among many strokes, these are what is new.
    """
    values = [value for value in np.unique(flat) if 0 < value <= prior_NK.shape[1]]
    found = [np.empty(0, np.intp)]
    for value in values:
        cells = np.flatnonzero(flat == value)
        share = most // len(values)
        surprising = prior_NK[cells].argmax(axis=1) != int(value) - 1
        first = spread(cells[surprising], max(share // 2, share - int((~surprising).sum())))
        found += [first, spread(cells[~surprising], share - len(first))]
    return np.concatenate(found)


def spread(cells: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """Thin cells evenly to at most so many."""
    if len(cells) <= most:
        return cells
    return cells[np.linspace(0, len(cells) - 1, max(most, 1)).astype(np.intp)]


def _kernel(points_ND: Floats, others_MD: Floats) -> Floats:
    """Return exp of minus half the square distances: one product, the squares beside the points."""
    half_N, half_M = (-0.5 * (points**2).sum(axis=1, keepdims=True) for points in (points_ND, others_MD))
    left = np.concatenate([points_ND, half_N, np.ones_like(half_N)], axis=1)
    right = np.concatenate([others_MD, np.ones_like(half_M), half_M], axis=1)
    exponent: Floats = left @ right.T
    np.minimum(exponent, 0, out=exponent)
    return np.exp(exponent, out=exponent)
