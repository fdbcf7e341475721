"""Regions of a suggestion that are held back: so unsure that to mend them costs more than to draw them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from skimage.measure import label

from trainer.labels.values import NOT_LABELLED

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHOLE = 0.0
"""Below this confidence there is no region: a suggestion is shown whole."""
NOTHING = 1.1
"""Below this confidence there is every region: nothing of a suggestion is shown."""


def held_back(
    labels: NDArray[np.uint8], confidence: NDArray[np.uint8], below: float
) -> NDArray[np.bool_] | None:
    """Find the regions whose mean confidence is below a level.

    Parameters
    ----------
    labels, confidence
        uint8 ``(H, W)``: stored values, and how sure the model is of them, 255 = certain.
    below
        Mean confidence, 0 to 1, from which on a region, joined by sides, is shown.

    Returns
    -------
    bool array ``(H, W)`` or None
        None: nothing is held back.
    """
    if below <= WHOLE:
        return None
    if below >= NOTHING:
        return np.ones(labels.shape, bool)
    regions: NDArray[np.int64] = label(labels, background=-1, connectivity=1)  # type: ignore[no-untyped-call]
    sizes = np.bincount(regions.ravel())
    sums = np.bincount(regions.ravel(), weights=confidence.ravel())
    unsure = sums < 255 * below * sizes
    held: NDArray[np.bool_] = unsure[regions]
    return held if held.any() else None


def shown_part(labels: NDArray[np.uint8], held: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    """Return labels with what is held back as not labelled."""
    return labels if held is None else np.where(held, np.uint8(NOT_LABELLED), labels)
