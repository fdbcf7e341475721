"""The rest of a photo follows its strokes: which pixels get another label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy import ndimage

from trainer.instant.cues import at_cells
from trainer.instant.update import REACH, shift
from trainer.labels.values import ACCEPTED, NOT_LABELLED, PAINTED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from trainer.instant.cues import Cues, Floats
    from trainer.instant.update import Reach

MOVED = 0.03
"""A cell whose probabilities move less than this is left alone."""
ENOUGH = 0.5
"""Evidence from which on a pixel that no model has an opinion of gets a label."""
LEAST = 0.0003
"""Regions that change are at least this share of the photo."""
AREA, RING = 2, 2
"""Cells from its middle to its edge that make a stroke an area, and cells around one that are held."""
FRINGE = 3
"""A region that changes takes along what is left over of the old class within so many small pixels."""
MOST_CHANGES, MOST_REGIONS = 12, 200
"""Pairs of classes that change at one time, and regions of all of them, the largest first."""
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
        uint8 (rows, columns) of that area afterwards.
    changed
        bool (rows, columns): which of them change.
    """

    area: tuple[slice, slice] | None
    labels: NDArray[np.uint8]
    changed: NDArray[np.bool_]


NOTHING = Followed(None, np.zeros((0, 0), np.uint8), np.zeros((0, 0), bool))


def follow(
    cues: Cues,
    labels: NDArray[np.uint8],
    provenance: NDArray[np.uint8],
    locked: Collection[int] = (),
    reach: Reach | None = None,
    strokes: NDArray[np.uint8] | None = None,
) -> Followed:
    """Correct the pixels that nobody has decided by the strokes on the same photo.

    Parameters
    ----------
    cues
        Of the photo, from `cues_of`; they stay the same while it is open.
    labels, provenance
        uint8 (height, width): the photo's labels with the strokes on them, and where each is from. Strokes
        are the pixels that are `PAINTED`; those that are so or accepted do not change.
    locked
        Labels that stay where they are.
    reach
        How far strokes count; by default what suits the cues.
    strokes
        What `stroke_cells` says of these arrays, where it has been asked.

    Examples
    --------
    >>> found = follow(cues_of(photo, classes=9), labels, provenance)  # doctest: +SKIP
    >>> if found.area is not None:  # doctest: +SKIP
    ...     labels[found.area] = found.labels
    """
    strokes = stroke_cells(cues, labels, provenance) if strokes is None else strokes
    moved = shift(cues, *without_areas(strokes), reach or REACH[cues.source])
    zone = _area_of(np.abs(moved).max(axis=0) > MOVED, cues)
    if zone is None:
        return NOTHING
    before = cues.refined[(slice(None), *zone)]
    after = before + _refined_change(cues, moved, zone)
    shown = at_cells(labels, cues.edges.shape)[zone]
    parts = _largest(list(_changes(cues, before, after, shown, zone)))
    return _at_full_size(parts, labels, provenance, locked, cues.edges.shape)


def stroke_cells(cues: Cues, labels: NDArray[np.uint8], provenance: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what is painted on each cell, 0 where nothing is: uint8 ``(H, W)``.

    A cell counts that is half painted, and where a stroke is too thin for that, one that it touches. The
    photo is thinned, since to look at all of it would take longer than the rest; that is done only where no
    stroke is found otherwise.
    """
    small = cues.edges.shape
    values, painted = at_cells(labels, small), at_cells(provenance, small) == PAINTED
    if not painted.any():
        values, painted = labels, provenance == PAINTED
    rows, columns = np.nonzero(painted)
    height, width = cues.grid
    place = rows * height // values.shape[0] * width + columns * width // values.shape[1]
    half = values.size / (2 * height * width)
    cells, found = np.zeros((height, width), np.uint8), values[rows, columns]
    for value in np.unique(found):
        covered = np.bincount(place[found == value], minlength=cells.size).reshape(cells.shape)
        most = covered >= half
        cells[most | ((covered > 0) & ~ndimage.binary_dilation(most, np.ones((3, 3))))] = value
    return cells


def without_areas(strokes: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the thin strokes alone, uint8 ``(H, W)``, and the cells around what is painted as an area, bool.

    Who outlines or fills a thing has said where it ends: nothing follows that, and it is not overrun from
    within. A thin stroke has said only what is there. Measured in docs/experiments.md.
    """
    painted = strokes > NOT_LABELLED
    deep = ndimage.distance_transform_cdt(np.pad(painted, 1), "chessboard")[1:-1, 1:-1] >= AREA
    if not deep.any():
        return strokes, np.zeros_like(painted)
    square = np.ones((3, 3))
    areas = ndimage.binary_dilation(deep, square, iterations=AREA - 1)
    around: NDArray[np.bool_] = ndimage.binary_dilation(areas, square, iterations=RING) & ~painted
    return np.where(areas, np.uint8(NOT_LABELLED), strokes), around


@dataclass(frozen=True, eq=False)
class _Change:
    """One class takes pixels of another where `margin`, of an area of the small photo, is above 0."""

    old: int
    new: int
    area: tuple[slice, slice]
    margin: Floats


def _area_of(moved: NDArray[np.bool_], cues: Cues) -> tuple[slice, slice] | None:
    """Return the area of the small photo around the cells that move, with room for the filter."""
    sides = []
    for axis, (cells, side) in enumerate(zip(cues.grid, cues.edges.shape, strict=True)):
        places = np.flatnonzero(moved.any(axis=1 - axis))
        if not len(places):
            return None
        scale = side / cells
        first = int(places[0] * scale) - cues.edges.margin
        last = int(np.ceil((places[-1] + 1) * scale)) + cues.edges.margin
        sides.append(slice(max(0, first), min(side, last)))
    return sides[0], sides[1]


def _refined_change(cues: Cues, moved: Floats, zone: tuple[slice, slice]) -> Floats:
    """Bring the change to the size of the small photo, along its edges.

    Only classes that are the likeliest of a cell that moves, before or afterwards: the others decide nothing.
    """
    cells = np.abs(moved).max(axis=0) > MOVED
    before = cues.prior[:, cells]
    which = np.union1d(before.argmax(axis=0), (before + moved[:, cells]).argmax(axis=0))
    change = np.zeros((len(moved), *(side.stop - side.start for side in zone)), np.float32)
    change[which] = cues.edges.filtered(moved[which])[(slice(None), *zone)]
    return change


def _changes(
    cues: Cues, before: Floats, after: Floats, shown: NDArray[np.uint8], zone: tuple[slice, slice]
) -> Iterator[_Change]:
    """Yield what changes, a pair of classes at a time, the largest first."""
    new = (after.argmax(axis=0) + 1).astype(np.uint8)
    changes = new != before.argmax(axis=0) + 1
    if not cues.suggested:
        changes = after.max(axis=0) > ENOUGH
    regions, _ = ndimage.label(changes & (new != shown))
    sizes = np.bincount(regions.ravel())
    sizes[0] = 0
    changes &= (sizes >= max(1, LEAST * np.prod(cues.edges.shape)))[regions]
    pairs, counts = np.unique(shown[changes].astype(np.int64) * 256 + new[changes], return_counts=True)
    for pair in pairs[np.argsort(-counts, kind="stable")][:MOST_CHANGES]:
        old, value = int(pair) // 256, int(pair) % 256
        own = (changes & (new == value)).astype(np.uint8)
        region = ndimage.maximum_filter(own, 2 * FRINGE + 1, mode="constant") > 0
        known = NOT_LABELLED < old <= len(after)
        rival = after[old - 1] if known else _rival(after, value, cues.suggested)
        margin = np.where(region, after[value - 1] - rival, np.float32(-1)).astype(np.float32)
        for area in _regions(margin > 0):
            yield _Change(old, value, _shifted(area, zone), margin[area])


def _largest(parts: list[_Change]) -> list[_Change]:
    """Return the largest regions, in the order that they had."""
    if len(parts) <= MOST_REGIONS:
        return parts
    sizes = np.array([np.count_nonzero(part.margin > 0) for part in parts])
    return [parts[place] for place in np.sort(np.argsort(-sizes, kind="stable")[:MOST_REGIONS])]


def _regions(taken: NDArray[np.bool_]) -> list[tuple[slice, slice]]:
    """Return the boxes of the connected regions, with a pixel to all sides for the scaling."""
    boxes = ndimage.find_objects(ndimage.label(taken)[0])
    return [
        (
            slice(max(0, rows.start - 1), min(taken.shape[0], rows.stop + 1)),
            slice(max(0, columns.start - 1), min(taken.shape[1], columns.stop + 1)),
        )
        for rows, columns in boxes
    ]


def _shifted(area: tuple[slice, slice], zone: tuple[slice, slice]) -> tuple[slice, slice]:
    rows, columns = (
        slice(outer.start + side.start, outer.start + side.stop)
        for side, outer in zip(area, zone, strict=True)
    )
    return rows, columns


def _rival(after: Floats, value: int, suggested: bool) -> Floats | float:
    """Return what a class must beat where nothing is labelled yet."""
    if not suggested:
        return ENOUGH
    return np.asarray(np.delete(after, value - 1, axis=0).max(axis=0, initial=0))


def _at_full_size(
    parts: list[_Change],
    labels: NDArray[np.uint8],
    provenance: NDArray[np.uint8],
    locked: Collection[int],
    small: tuple[int, int],
) -> Followed:
    """Find the pixels of the photo that change; work is spent on their areas only."""
    boxes = [_box_at(part, labels.shape, small) for part in parts]
    if not boxes:
        return NOTHING
    area = (
        slice(min(b[0].start for b in boxes), max(b[0].stop for b in boxes)),
        slice(min(b[1].start for b in boxes), max(b[1].stop for b in boxes)),
    )
    before = labels[area]
    after, changed = before.copy(), np.zeros(before.shape, bool)
    for part, box in zip(parts, boxes, strict=True):
        if part.old in locked:
            continue
        inner = tuple(
            slice(side.start - outer.start, side.stop - outer.start)
            for side, outer in zip(box, area, strict=True)
        )
        taken = _enlarged(part, box, labels.shape, small)
        taken &= before[inner] == part.old
        taken &= provenance[box] < ACCEPTED
        after[inner][taken] = part.new
        changed[inner] |= taken
    return Followed(area, after, changed) if changed.any() else NOTHING


def _box_at(part: _Change, shape: tuple[int, ...], small: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of the photo that an area of the small one covers."""
    rows, columns = (
        slice(int(side.start * full / n), min(full, int(np.ceil(side.stop * full / n))))
        for side, full, n in zip(part.area, shape, small, strict=True)
    )
    return rows, columns


def _enlarged(
    part: _Change, box: tuple[slice, slice], shape: tuple[int, ...], small: tuple[int, int]
) -> NDArray[np.bool_]:
    """Scale a margin to the photo's size, and return where it is above 0; in bytes, which are fast."""
    levels = np.clip(part.margin * SHARPNESS + MIDDLE, 0, 255).astype(np.uint8)
    height, width = levels.shape
    places = []
    for side, own, full, n, size in zip(box, part.area, shape, small, (height, width), strict=True):
        places.append([min(max(end * n / full - own.start, 0.0), size) for end in (side.start, side.stop)])
    (top, bottom), (left, right) = places
    rows, columns = (side.stop - side.start for side in box)
    step = 2 if max(shape) > TWO_BY_TWO else 1
    picture = Image.fromarray(levels).resize(
        (-(-columns // step), -(-rows // step)), Image.Resampling.BILINEAR, box=(left, top, right, bottom)
    )
    taken: NDArray[np.bool_] = np.asarray(picture) > MIDDLE
    if step > 1:
        taken = taken.repeat(step, axis=0)[:rows].repeat(step, axis=1)[:, :columns]
    return taken
