"""Strokes of the simulated annotator: their geometry, and the one that mends most."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.draw import polygon2mask
from skimage.measure import approximate_polygon, find_contours

from trainer.labels.values import NOT_LABELLED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.selection.proposals import Prompts

TOLERANCE = 1.0
"""Largest distance of an outline from the edge, in pixels of the working masks."""
CANDIDATES = 4


@dataclass(frozen=True)
class Stroke:
    """One movement of the mouse, or one click, or a thing selected by a few.

    Attributes
    ----------
    value
        Label that it paints.
    points
        Corners of the outline, or the way of the brush, or the click that fills: float (n, 2), (row, column).
    width
        Brush diameter; 0 for an outline, whose inside is painted, or for filling.
    fills
        It is a click that gives a whole patch of one label another one.
    anew
        It covers the whole photo, whatever it looks like: a key that drops the suggestion, and a click.
    gain
        Pixels that become right, less those that become wrong.
    selected
        What a tool found: bool (height, width).
    prompts
        What was clicked for it.
    aims, glances
        For it: clicks, two for a box, and masks looked at.
    room
        Width in which the mouse may move, where that is not the brush's own.
    """

    value: int
    points: NDArray[np.float64]
    width: float
    gain: int
    fills: bool = False
    anew: bool = False
    selected: NDArray[np.bool_] | None = None
    prompts: Prompts | None = None
    aims: int = 1
    glances: int = 0
    room: float = 0.0

    @property
    def length(self) -> float:
        """Way of the mouse, in pixels."""
        if self.fills:
            return 0.0
        closed = np.vstack([self.points, self.points[:1]]) if self.width == 0 else self.points
        return float(np.linalg.norm(np.diff(closed, axis=0), axis=1).sum())


def best_stroke(labels: NDArray[np.uint8], truth: NDArray[np.uint8], least: float) -> Stroke | None:
    """Find the stroke that mends most.

    Parameters
    ----------
    labels, truth
        uint8 (height, width); where the truth is 0 it is unknown, and nothing is wrong.
    least
        Pixels that a stroke must mend to be worth it.

    Returns
    -------
    Stroke or None
        None: no stroke is worth it.
    """
    strokes = []
    for value, region in wrong_regions(labels, truth, least):
        whole = _whole(region, truth == value)
        for points, width in ((_outline(region), 0.0), (_outline(whole), 0.0), sweep(region)):
            if len(points) > (2 if width == 0 else 0):
                gain = gain_of(covered_by(points, width, truth.shape), labels, truth, value)
                strokes.append(Stroke(value, points, width, gain))
        click, patch = _patch(region, labels)
        strokes.append(Stroke(value, click, 0.0, gain_of(patch, labels, truth, value), fills=True))
    best = max(strokes, key=lambda stroke: (stroke.gain, -stroke.length), default=None)
    return best if best is not None and best.gain >= max(least, 1) else None


def scribble(labels: NDArray[np.uint8], truth: NDArray[np.uint8], least: float) -> Stroke | None:
    """Draw a thin stroke along the inside of the largest wrong region; None: there is none.

    What it paints is left to `selected`: it stays within its class, as one who scribbles does.
    """
    regions = wrong_regions(labels, truth, least)
    if not regions:
        return None
    value, region = regions[0]
    depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    cores, _ = ndimage.label(depth >= max(1.0, 0.5 * depth.max()))
    way, width = sweep(cores == 1 + np.bincount(cores.ravel())[1:].argmax())
    inside = covered_by(way, float(np.clip(width / 2, 3, 8)), truth.shape) & (truth == value)
    return Stroke(
        value, way, 1.0, gain_of(inside, labels, truth, value), selected=inside, room=2 * float(depth.max())
    )


def painted_by(stroke: Stroke, labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return what a stroke paints on these labels: bool (height, width)."""
    if stroke.selected is not None:
        return stroke.selected
    if not stroke.fills:
        return covered_by(stroke.points, stroke.width, labels.shape)
    row, column = stroke.points[0].astype(int)
    patches, _ = ndimage.label(labels == labels[row, column])
    patch: NDArray[np.bool_] = patches == patches[row, column]
    return patch


def whole_frame(truth: NDArray[np.uint8]) -> Stroke:
    """Return the outline of the whole photo in its commonest class: all other labels go."""
    last_row, last_column = (side - 1.0 for side in truth.shape)
    corners = np.array([[0, 0], [0, last_column], [last_row, last_column], [last_row, 0]], float)
    known = truth[truth != NOT_LABELLED]
    return Stroke(int(np.bincount(known).argmax()), corners, 0.0, 0, anew=True)


def wrong_regions(
    labels: NDArray[np.uint8], truth: NDArray[np.uint8], least: float
) -> list[tuple[int, NDArray[np.bool_]]]:
    """Return the largest connected regions that lack one and the same label, and the label, largest first."""
    wrong = (labels != truth) & (truth != NOT_LABELLED)
    found: list[tuple[int, int, NDArray[np.int32], int]] = []
    for value in np.unique(truth[wrong]):
        regions, count = ndimage.label(wrong & (truth == value))
        sizes = np.bincount(regions.ravel(), minlength=count + 1)
        largest = np.argsort(-sizes[1:], kind="stable")[:CANDIDATES] + 1
        found += [(int(sizes[i]), int(value), regions, int(i)) for i in largest if sizes[i] >= least]
    found.sort(key=lambda entry: (-entry[0], entry[1], entry[3]))
    return [(value, regions == number) for _, value, regions, number in found[:CANDIDATES]]


def _whole(region: NDArray[np.bool_], part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return all of the part that the region lies in: drawing it whole can be less work than many repairs."""
    parts, _ = ndimage.label(part)
    whole: NDArray[np.bool_] = parts == parts[region][0]
    return whole


def _outline(region: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the few corners that a person would set on the region's outer edge: float (n, 2)."""
    edges = find_contours(np.pad(region, 1).astype(np.float32), 0.5)  # type: ignore[no-untyped-call]
    longest = max(edges, key=len) - 1.0
    corners: NDArray[np.float64] = approximate_polygon(longest, TOLERANCE)[:-1]  # type: ignore[no-untyped-call]
    # To the edge of the photo, not to the middle of its outermost pixels.
    return np.clip(corners, 0, np.array(region.shape) - 1.0)


def sweep(region: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Return the way and the width of a brush drawn along the region's longer axis."""
    pixels = np.argwhere(region).astype(np.float64)
    centre = pixels.mean(axis=0)
    axes = np.linalg.svd(pixels[:: max(1, len(pixels) // 2000)] - centre, full_matrices=False)[2]
    along, across = (pixels - centre) @ axes[0], (pixels - centre) @ axes[-1]
    width = max(1.0, 2 * float(np.percentile(np.abs(across), 80)))
    bins = np.round((along - along.min()) / max(width, 2.0)).astype(int)
    counts = np.bincount(bins)
    way = np.stack([np.bincount(bins, pixels[:, axis]) for axis in (0, 1)], axis=1)[counts > 0]
    return way / counts[counts > 0, None], width


def _patch(
    region: NDArray[np.bool_], labels: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return where to click, and the patch of one label that is filled: the one with most of the region."""
    present = labels[region]
    patches, _ = ndimage.label(labels == np.bincount(present).argmax())
    counts = np.bincount(patches[region])
    counts[0] = 0
    patch: NDArray[np.bool_] = patches == counts.argmax()
    inside = np.argwhere(patch & region)
    return inside[len(inside) // 2][None].astype(np.float64), patch


def covered_by(points: NDArray[np.float64], width: float, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return what a stroke paints: bool (height, width)."""
    if width == 0:
        inside: NDArray[np.bool_] = polygon2mask(shape, points)  # type: ignore[no-untyped-call]
        return inside
    away = np.ones(shape, bool)
    for row, column in np.round(dabs(points, width)).astype(int):
        if 0 <= row < shape[0] and 0 <= column < shape[1]:
            away[row, column] = False
    near: NDArray[np.bool_] = ndimage.distance_transform_edt(away) <= width / 2
    return near


def dabs(way: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Return the places where a brush of this width touches down along a way: float (n, 2)."""
    places = [way[:1]]
    for start, end in pairwise(way):
        count = max(1, int(np.ceil(np.linalg.norm(end - start) / max(width / 4, 1.0))))
        places.append(start + (end - start) * np.linspace(0, 1, count + 1)[1:, None])
    return np.concatenate(places)


def gain_of(
    covered: NDArray[np.bool_], labels: NDArray[np.uint8], truth: NDArray[np.uint8], value: int
) -> int:
    """Return the pixels that `value` makes right there, less those that it makes wrong."""
    labels, truth = labels[covered], truth[covered]
    mended = (truth == value) & (labels != value)
    spoilt = (truth != value) & (labels == truth) & (truth != NOT_LABELLED)
    return int(mended.sum()) - int(spoilt.sum())
