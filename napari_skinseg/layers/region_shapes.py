"""Shapes of a region made better: holes filled, specks dropped, the outline smoothed, grown or shrunk.

Pure functions of labels and one pixel of the region. Slow at 12 megapixels (up to a second): for a thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_skinseg.layers.flood_fill import connected_area
from napari_skinseg.layers.refresh import bounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Labels = NDArray[np.uint8]
    Box = tuple[slice, slice]
    Shape = Callable[[Mask, int], Mask]

FOLLOWING = 255
"""No label: a pixel that takes that of its surroundings."""
SPECK = 0.02
"""A piece smaller than this share of the region under the mouse is a speck of its class."""
STEP = 1 / 300
"""How far an outline moves, as a share of the photo's shorter side."""


@dataclass(frozen=True, eq=False)
class Change:
    """Pixels that get other labels.

    Attributes
    ----------
    box
        Rows and columns of the change.
    changed
        bool (rows, columns).
    labels
        uint8 (rows, columns); they count where `changed`.
    """

    box: Box
    changed: Mask
    labels: Labels


def fill_holes(labels: Labels, seed: tuple[int, int]) -> Change | None:
    """Give what the region encloses its class; None where it encloses nothing."""
    return _reshape(labels, seed, 1, lambda region, _: ndimage.binary_fill_holes(region))


def smooth(labels: Labels, seed: tuple[int, int]) -> Change | None:
    """Round the outline off: each pixel goes with the greater part of its neighbourhood."""

    def rounded(region: Mask, step: int) -> Mask:
        near = ndimage.gaussian_filter(region.astype(np.float32), max(1.5, step), mode="nearest", truncate=3)
        inside: Mask = near > 0.5
        return inside

    return _reshape(labels, seed, 3, rounded)


def grow(labels: Labels, seed: tuple[int, int]) -> Change | None:
    """Move the outline out by a step."""
    return _reshape(labels, seed, 1, lambda region, step: ndimage.binary_dilation(region, iterations=step))


def shrink(labels: Labels, seed: tuple[int, int]) -> Change | None:
    """Move the outline in by a step; along the border of the photo it stays."""

    def inner(region: Mask, step: int) -> Mask:
        eroded: Mask = ndimage.binary_erosion(region, iterations=step, border_value=1)
        return eroded

    return _reshape(labels, seed, 1, inner)


def drop_specks(labels: Labels, seed: tuple[int, int]) -> Change | None:
    """Give small pieces of the region's class, elsewhere on the photo, the label around them."""
    pieces, _ = ndimage.label(labels == labels[seed])
    sizes = np.bincount(pieces.ravel())
    small = sizes < SPECK * sizes[pieces[seed]]
    small[0] = False
    box = bounds(small[pieces])
    if box is None:
        return None
    box = _wider(box, 1, labels.shape)
    return _take_surroundings(labels[box], small[pieces[box]], box)


def _reshape(labels: Labels, seed: tuple[int, int], margin: int, shape: Shape) -> Change | None:
    """Give the region another shape; what enters takes its class, what leaves the label around it."""
    step = max(1, round(STEP * min(labels.shape)))
    area, box = connected_area(labels, seed)
    wide = _wider(box, margin * step + 1, labels.shape)
    region = np.zeros(labels[wide].shape, bool)
    top, left = box[0].start - wide[0].start, box[1].start - wide[1].start
    region[top : top + area.shape[0], left : left + area.shape[1]] = area
    wanted = shape(region, step)
    change = _take_surroundings(labels[wide], region & ~wanted, wide)
    entering = wanted & ~region & (labels[wide] != labels[seed])
    if change is None:
        change = Change(wide, np.zeros_like(region), labels[wide].copy())
    change.labels[entering] = labels[seed]
    change.changed[entering] = True
    return change if change.changed.any() else None


def _wider(box: Box, by: int, shape: tuple[int, ...]) -> Box:
    rows, columns = box
    return (
        slice(max(0, rows.start - by), min(shape[0], rows.stop + by)),
        slice(max(0, columns.start - by), min(shape[1], columns.stop + by)),
    )


def _take_surroundings(labels: Labels, leaving: Mask, box: Box) -> Change | None:
    """Give pixels the label next to them, from the outside in."""
    if not leaving.any():
        return None
    padded = np.full((labels.shape[0] + 2, labels.shape[1] + 2), FOLLOWING, np.uint8)
    inside = padded[1:-1, 1:-1]
    inside[:] = labels
    inside[leaving] = FOLLOWING
    rows, columns = np.nonzero(leaving)
    while len(rows):
        found = np.full(len(rows), FOLLOWING, np.uint8)
        for down, right in ((0, 1), (2, 1), (1, 0), (1, 2)):
            found = np.minimum(found, padded[rows + down, columns + right])
        known = found != FOLLOWING
        if not known.any():  # nothing around: the region fills the photo
            break
        inside[rows[known], columns[known]] = found[known]
        rows, columns = rows[~known], columns[~known]
    changed = leaving & (inside != FOLLOWING)
    return Change(box, changed, inside.copy())
