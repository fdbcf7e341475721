"""What changes of the small photo, at the photo's size: work is spent on the boxes of its regions only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from trainer.labels.values import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    Area = tuple[slice, slice]

TWO_BY_TWO = 2000
"""Of photos with a longer side, two by two pixels are decided together."""
SHARPNESS, MIDDLE = 400.0, 127
"""A margin as a byte while it is scaled to the photo's size."""


@dataclass(frozen=True, eq=False)
class Followed:
    """What follows from the strokes on a photo.

    Attributes
    ----------
    area
        Rows and columns within which pixels change; None: none does.
    labels
        uint8 (rows, columns): all labels of that area afterwards.
    """

    area: Area | None
    labels: NDArray[np.uint8]


NOTHING = Followed(None, np.zeros((0, 0), np.uint8))


@dataclass(frozen=True, eq=False)
class Change:
    """One class takes pixels of another where `margin`, of an area of the small photo, is above 0."""

    old: int
    new: int
    area: Area
    margin: NDArray[np.float32]


class _Region(NamedTuple):
    """A change at the photo's size; `taken`, of its box, may be too large by what two by two pixels are."""

    old: int
    new: int
    box: Area
    taken: NDArray[np.bool_]


def at_full_size(
    parts: list[Change],
    labels: NDArray[np.uint8],
    provenance: NDArray[np.uint8],
    locked: Collection[int],
    small: tuple[int, int],
) -> Followed:
    """Find the pixels of the photo that change.

    Parameters
    ----------
    parts
        Regions of the small photo; of those that want the same pixel, the last has it.
    labels, provenance
        uint8 (height, width), of the photo.
    locked
        Labels that stay where they are.
    small
        Rows and columns of the small photo.
    """
    wanted = (_enlarged(part, labels.shape, small) for part in parts if part.old not in locked)
    regions = [region for region in wanted if region is not None]
    if not regions:
        return NOTHING
    area = around([region.box for region in regions])
    after, changes = labels[area].copy(), False
    for old, new, box, mask in regions:
        before, inner = labels[box], within(box, area)
        taken = mask[: before.shape[0], : before.shape[1]]
        taken &= before == old
        taken &= provenance[box] < ACCEPTED
        changes |= bool(taken.any())
        # by bits: a third of the time of `after[inner][taken] = new`
        flip = after[inner] ^ np.uint8(new)
        flip &= np.negative(taken.view(np.uint8))
        after[inner] ^= flip
    return Followed(area, after) if changes else NOTHING


def around(areas: list[Area]) -> Area:
    """Return the least area that has all these in it."""
    rows, columns = (
        slice(min(side.start for side in sides), max(side.stop for side in sides))
        for sides in zip(*areas, strict=True)
    )
    return rows, columns


def within(box: Area, area: Area) -> Area:
    """Return a box as seen from the first row and column of an area."""
    rows, columns = (
        slice(side.start - outer.start, side.stop - outer.start)
        for side, outer in zip(box, area, strict=True)
    )
    return rows, columns


def _enlarged(part: Change, shape: tuple[int, ...], small: tuple[int, int]) -> _Region | None:
    """Scale a margin to the photo's size, and find where it is above 0; in bytes, which are fast."""
    step = 2 if max(shape) > TWO_BY_TWO else 1
    (first_row, height, top, bottom), (first_column, width, left, right) = (
        _placed(side, full, n, step) for side, full, n in zip(part.area, shape, small, strict=True)
    )
    if height <= 0 or width <= 0:
        return None
    levels = np.clip(part.margin * SHARPNESS + MIDDLE, 0, 255).astype(np.uint8)
    picture = Image.fromarray(levels).resize(
        (width, height), Image.Resampling.BILINEAR, box=(left, top, right, bottom)
    )
    taken: NDArray[np.bool_] = np.asarray(picture) > MIDDLE
    found = np.flatnonzero(taken.any(axis=1)), np.flatnonzero(taken.any(axis=0))
    if not len(found[0]):
        return None
    rows, columns = (slice(int(places[0]), int(places[-1]) + 1) for places in found)
    box = tuple(
        slice(first + side.start * step, min(first + side.stop * step, full))
        for first, side, full in zip((first_row, first_column), (rows, columns), shape, strict=True)
    )
    taken = taken[rows, columns]
    return _Region(part.old, part.new, (box[0], box[1]), _doubled(taken) if step > 1 else taken.copy())


def _placed(side: slice, full: int, n: int, step: int) -> tuple[int, int, float, float]:
    """Return what of a photo's side lies wholly in a part of the small one's.

    Pixels at the edge of a part do not change; so the scale is the same whatever the part.

    Parameters
    ----------
    side
        The part, of `n` pixels of the small photo.
    full
        Pixels of the photo's side.
    step
        Pixels that are decided together.

    Returns
    -------
    first, count
        Where it begins in the photo, and how many times `step` pixels there are.
    start, stop
        Where these lie in the part.
    """
    first = -(-side.start * full // (n * step)) * step
    last = side.stop == n
    count = -(-(full - first) // step) if last else (side.stop * full // n - first) // step
    start, stop = (at * n / full - side.start for at in (first, first + count * step))
    return first, count, max(start, 0.0), min(stop, float(side.stop - side.start))


def _doubled(taken: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Make each pixel two by two, in pairs of bytes: faster than `repeat`."""
    pairs = taken.view(np.uint8) * np.uint16(0x0101)
    return pairs.view(bool).repeat(2, axis=0)
