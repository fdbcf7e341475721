"""Masks that were resized with interpolation: classes that are but the steps between two others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.labels.values import IGNORE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["steps_between"]

_REACH, _LARGE = 3, 1000
"""Pixels to either side within which a step has a lower and a higher value: lines of up to 6 pixels. Masks
of a long side from `_LARGE` on were enlarged further: twice as many."""
_MOSTLY = 0.95
"""Share of a class that has to be such a line."""


def steps_between(values: NDArray[np.uint8]) -> dict[int, int]:
    """Find the values that occur only as thin lines between a lower and a higher one, with their pixels.

    Interpolation between the class indices 0 and 8 leaves 1 to 7 along the outline. Two such classes in
    order are what hardly any hand draws; a single one may be a rim that was meant. A picture that is mostly
    lines has no regions to be interpolated between, and counts as none.

    Parameters
    ----------
    values : NDArray of uint8
        (height, width), class indices, 255 = not labelled.

    Returns
    -------
    dict of int to int
        Pixels of each such value, in order.
    """
    counts = np.bincount(values.ravel(), minlength=256)
    there = np.flatnonzero(counts[:IGNORE])
    if len(there) < 3:
        return {}
    reach = _REACH * (2 if max(values.shape) >= _LARGE else 1)
    between = _nearby(values, reach, np.minimum, IGNORE) < values
    between &= _nearby(np.where(values == IGNORE, np.uint8(0), values), reach, np.maximum, 0) > values
    lines = np.bincount(values[between], minlength=256)
    found = {int(v): int(counts[v]) for v in there[1:-1] if lines[v] >= _MOSTLY * counts[v]}
    return found if 2 * sum(found.values()) < counts[:IGNORE].sum() else {}


def _nearby(values: NDArray[np.uint8], reach: int, extreme: np.ufunc, outside: int) -> NDArray[np.uint8]:
    """Return the least or greatest value of the square around each pixel, rows first, then columns."""
    for axis in (0, 1):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (reach, reach)
        wide = np.pad(values, padding, constant_values=outside)
        length = values.shape[axis]
        values = values.copy()
        for shift in range(2 * reach + 1):
            part = wide[shift : shift + length] if axis == 0 else wide[:, shift : shift + length]
            extreme(values, part, out=values)
    return values
