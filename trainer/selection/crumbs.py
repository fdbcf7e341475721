"""Crumbs of a proposed mask: pinholes are filled, specks are dropped, but for those that were clicked on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CRUMB = 0.01
"""A part that is a smaller share of its mask is a crumb."""
FILLED = np.float32(1e-3)
"""Added to what a filled hole gets, since 0 is outside."""


def without_crumbs(
    values: NDArray[np.float32],
    clicks: Sequence[tuple[float, float]],
    added: Sequence[bool],
    share: float = CRUMB,
) -> NDArray[np.float32]:
    """Fill the small holes of a mask, then drop its small pieces.

    Parameters
    ----------
    values
        ``(h, w)``, above 0 inside.
    clicks, added
        Row and column of each click there, and whether it is on the thing; what was clicked on stays.
    share
        Of the mask, from which on a hole or a piece is none to be rid of.

    Returns
    -------
    float32 array ``(h, w)``
        With the sign of crumbs turned.
    """
    least = share * np.count_nonzero(values > 0)
    for inside in (False, True):
        regions, _ = ndimage.label((values > 0) == inside)
        small = np.bincount(regions.ravel()) < least
        small[0] = False
        for (row, column), on in zip(clicks, added, strict=True):
            if on == inside:
                small[regions[_within(row, values.shape[0]), _within(column, values.shape[1])]] = False
        values = np.where(small[regions], -values if inside else FILLED - values, values)
    return values


def _within(place: float, side: int) -> int:
    return min(max(int(place), 0), side - 1)
