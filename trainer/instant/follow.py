"""The rest of a photo follows its strokes: which pixels get another label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from trainer.instant.cues import at_cells
from trainer.instant.full_size import NOTHING, Change, at_full_size, within
from trainer.instant.update import REACH, shift
from trainer.labels.values import NOT_LABELLED, PAINTED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from numpy.typing import NDArray

    from trainer.instant.cues import Cues, Floats
    from trainer.instant.full_size import Area, Followed
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
    wanted = _wanted(cues, before, after, shown)
    parts = _largest(list(_changes(cues, after, shown, wanted, zone)), wanted, zone)
    return at_full_size(parts, labels, provenance, locked, cues.edges.shape)


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


def _area_of(moved: NDArray[np.bool_], cues: Cues) -> Area | None:
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


def _refined_change(cues: Cues, moved: Floats, zone: Area) -> Floats:
    """Bring the change to the size of the small photo, along its edges.

    Only classes that are the likeliest of a cell that moves, before or afterwards: the others decide nothing.
    """
    cells = np.abs(moved).max(axis=0) > MOVED
    before = cues.prior[:, cells]
    which = np.union1d(before.argmax(axis=0), (before + moved[:, cells]).argmax(axis=0))
    change = np.zeros((len(moved), *(side.stop - side.start for side in zone)), np.float32)
    change[which] = cues.edges.filtered(moved[which])[(slice(None), *zone)]
    return change


def _wanted(cues: Cues, before: Floats, after: Floats, shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the class index + 1 that pixels of the small photo get instead of what is shown, 0: none."""
    new: NDArray[np.uint8] = (after.argmax(axis=0) + 1).astype(np.uint8)
    changes = new != before.argmax(axis=0) + 1 if cues.suggested else after.max(axis=0) > ENOUGH
    changes &= new != shown
    regions, _ = ndimage.label(changes)
    large = np.bincount(regions.ravel()) >= max(1, LEAST * np.prod(cues.edges.shape))
    large[0] = False
    new *= large[regions]
    return new


def _changes(
    cues: Cues, after: Floats, shown: NDArray[np.uint8], wanted: NDArray[np.uint8], zone: Area
) -> Iterator[Change]:
    """Yield what changes, a pair of classes at a time, the largest first."""
    pairs = np.bincount((shown.astype(np.intp) * 256 + wanted)[wanted > 0], minlength=1)
    largest = [pair for pair in np.argsort(-pairs, kind="stable")[:MOST_CHANGES] if pairs[pair]]
    near = {old: _around(shown == old, FRINGE) for old in {int(pair) // 256 for pair in largest}}
    taking = {new: _around(wanted == new, FRINGE) for new in {int(pair) % 256 for pair in largest}}
    for old, value in (divmod(int(pair), 256) for pair in largest):
        known = NOT_LABELLED < old <= len(after)
        rival = after[old - 1] if known else _rival(after, value, cues.suggested)
        lead = after[value - 1] - rival
        taken = near[old] & taking[value]
        taken &= lead > 0
        for area in _regions(taken):
            margin = np.where(near[old][area] & taking[value][area], lead[area], np.float32(-1))
            yield Change(old, value, _shifted(area, zone), margin)


def _around(mask: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    """Widen a mask to all sides; for a few pixels much faster than filters of scipy."""
    for axis in (0, 1):
        mask = mask.swapaxes(0, axis)
        wide = mask.copy()
        for step in range(1, pixels + 1):
            wide[step:] |= mask[:-step]
            wide[:-step] |= mask[step:]
        mask = wide.swapaxes(0, axis)
    return mask


def _largest(parts: list[Change], wanted: NDArray[np.uint8], zone: Area) -> list[Change]:
    """Return the parts of the largest regions that want one class, in the order that they had."""
    if len(parts) <= MOST_REGIONS:
        return parts
    sizes = np.zeros(len(parts), np.intp)
    for value in {part.new for part in parts}:
        regions, _ = ndimage.label(wanted == value)
        counts = np.bincount(regions.ravel())
        counts[0] = 0
        for place, part in enumerate(parts):
            if part.new == value:
                sizes[place] = counts[regions[within(part.area, zone)][part.margin > 0]].max()
    return [parts[place] for place in np.sort(np.argsort(-sizes, kind="stable")[:MOST_REGIONS])]


def _regions(taken: NDArray[np.bool_]) -> list[Area]:
    """Return the boxes of the connected regions, with a pixel to all sides for the scaling."""
    boxes = ndimage.find_objects(ndimage.label(taken)[0])
    return [
        (
            slice(max(0, rows.start - 1), min(taken.shape[0], rows.stop + 1)),
            slice(max(0, columns.start - 1), min(taken.shape[1], columns.stop + 1)),
        )
        for rows, columns in boxes
    ]


def _shifted(area: Area, zone: Area) -> Area:
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
