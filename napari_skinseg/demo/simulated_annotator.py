"""A simulated annotator that works through the real session, stroke by stroke, and counts what it costs.

It looks at the open photo, finds the largest regions that differ from the truth, and paints them away one
by one as a person would: by an outline that is filled, by one sweep of the brush, or by a click that gives a
whole patch another label, whichever mends more. A suggestion that would take longer to mend than to redo is
painted over first. It stops when the photo is good enough, or when no stroke is
worth its while. The same photo with the same suggestion always costs the same.

The costs are a model, not a measurement: 3 s to look at a photo, 1.5 s for the decision and the aim of every
stroke, and the way of the mouse at 250 pixels a second, on a screen where the photo's long side has 1000.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_skinseg.demo.strokes import Stroke, best_stroke, dabs, painted_by, whole_frame
from napari_skinseg.layers.palette import NOT_LABELLED

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_skinseg.session.session import AnnotationSession
    from trainer.project.photos import Photo

LOOK_SECONDS = 3.0
STROKE_SECONDS = 1.5
SCREEN_LONG_SIDE = 1000.0
SPEED = 250.0
WORKING_LONG_SIDE = 400
"""Masks are compared at about this many pixels: people do not draw more exactly than that."""
LEAST = 0.0005
"""A stroke that mends less than this share of the photo is not worth it."""


@dataclass(frozen=True)
class Effort:
    """Effort for one photo, and its agreement with the truth before and after (share of its pixels)."""

    strokes: int
    seconds: float
    before: float
    after: float


class SimulatedAnnotator:
    """Corrects the photo that a session has open.

    Parameters
    ----------
    session
        The session; its owner polls it.
    truth
        Returns the right labels of a photo: uint8 (height, width), stored values; 0 where unknown.
    good_enough
        Share of the known pixels that must be right.
    good_dice
        Mean Dice over the classes of the photo that must be reached too: small parts are few of its pixels.
    most_strokes
        Strokes for one photo at most.
    """

    def __init__(
        self,
        session: AnnotationSession,
        truth: Callable[[Photo], NDArray[np.uint8]],
        good_enough: float = 0.97,
        good_dice: float = 0.9,
        most_strokes: int = 60,
    ) -> None:
        self.session = session
        self._truth = truth
        self._good_enough, self._good_dice = good_enough, good_dice
        self._most_strokes = most_strokes

    def annotate(self) -> Effort:
        """Correct the open photo until it is good enough; neither save it nor go on.

        Raises
        ------
        RuntimeError
            If no photo is open.
        ValueError
            If the truth is of another size than the photo.
        """
        current = self.session.current
        if current is None:
            raise RuntimeError("no photo is open: call open_next() and poll() until one is")
        truth = self._truth(current.photo)
        labels = self.session.annotation_layer.data
        if truth.shape != labels.shape:
            raise ValueError(f"{current.photo.relpath}: the truth is {truth.shape}, the photo {labels.shape}")
        before = agreement(labels, truth)
        step = max(1, -(-max(truth.shape) // WORKING_LONG_SIDE))
        small = truth[::step, ::step]
        strokes, seconds = 0, LOOK_SECONDS
        if not self._is_good(labels, truth) and self._redo_is_faster(labels[::step, ::step], small):
            stroke: Stroke | None = whole_frame(small)
        else:
            stroke = None
        while strokes < self._most_strokes and not self._is_good(labels, truth):
            stroke = stroke or best_stroke(labels[::step, ::step], small, LEAST * small.size)
            if stroke is None:
                break
            self._draw(stroke, step)
            strokes += 1
            seconds += _seconds(stroke, small.shape)
            stroke = None
        return Effort(strokes, round(seconds, 3), before, agreement(labels, truth))

    def accept_and_next(self) -> Effort:
        """Correct the open photo, accept it, and have the session go on to the next one."""
        effort = self.annotate()
        self.session.accept_and_next()
        return effort

    def _redo_is_faster(self, labels: NDArray[np.uint8], truth: NDArray[np.uint8]) -> bool:
        """Whether painting over all of a suggestion first takes less time than mending it."""
        if not labels.any():
            return False
        frame = whole_frame(truth)
        blank = np.full_like(labels, frame.value)
        return self._plan(blank, truth) + _seconds(frame, truth.shape) < self._plan(labels.copy(), truth)

    def _plan(self, labels: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
        """Return the seconds that it takes to mend these labels, which are mended on the way."""
        seconds = 0.0
        for _ in range(self._most_strokes):
            if self._is_good(labels, truth):
                break
            stroke = best_stroke(labels, truth, LEAST * truth.size)
            if stroke is None:
                break
            labels[painted_by(stroke, labels)] = stroke.value
            seconds += _seconds(stroke, truth.shape)
        return seconds

    def _is_good(self, labels: NDArray[np.uint8], truth: NDArray[np.uint8]) -> bool:
        return agreement(labels, truth) >= self._good_enough and mean_dice(labels, truth) >= self._good_dice

    def _draw(self, stroke: Stroke, step: int) -> None:
        """Draw a stroke as the mouse would, through the layer's own tools: one undo step."""
        layer = self.session.annotation_layer
        self.session.select_class(stroke.value)
        if stroke.fills:
            row, column = np.round(stroke.points[0] * step).astype(int)
            layer.fill((int(row), int(column)), stroke.value)
            return
        if stroke.width == 0:
            corners = np.round(stroke.points * step + (step - 1) / 2).astype(int)
            layer.paint_polygon(_to_the_edge(corners, layer.data.shape, step), stroke.value)
            return
        layer.brush_size = max(1, round(stroke.width * step))
        with layer.block_history():
            for place in dabs(stroke.points * step, stroke.width * step):
                layer.paint(place, stroke.value)


def _seconds(stroke: Stroke, shape: tuple[int, ...]) -> float:
    """Return the seconds that a stroke on a picture of this size takes."""
    return STROKE_SECONDS + stroke.length * SCREEN_LONG_SIDE / max(shape) / SPEED


def agreement(labels: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    """Return the share of the known pixels that are right; 1 where nothing is known."""
    known = truth != NOT_LABELLED
    return float((labels[known] == truth[known]).mean()) if known.any() else 1.0


def mean_dice(labels: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    """Return the mean Dice of the truth's classes on its known pixels; 1 where nothing is known."""
    known = truth != NOT_LABELLED
    labels, truth = labels[known], truth[known]
    own = np.bincount(truth, minlength=256)
    given = np.bincount(labels, minlength=256)
    both = np.bincount(truth[labels == truth], minlength=256)
    present = own > 0
    return float((2 * both / np.maximum(own + given, 1))[present].mean()) if present.any() else 1.0


def _to_the_edge(corners: NDArray[np.int_], shape: tuple[int, ...], step: int) -> NDArray[np.int_]:
    """Draw corners that lie at the photo's edge, as seen in the working masks, right to it."""
    last = np.array(shape) - 1
    corners = np.where(corners < step, 0, corners)
    drawn: NDArray[np.int_] = np.minimum(np.where(corners > last - step, last, corners), last)
    return drawn
