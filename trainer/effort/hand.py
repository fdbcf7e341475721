"""A simulated hand on arrays: the strokes that make labels good, and what they cost.

The hand looks for the largest regions that differ from the truth and paints them away one by one as a person
would: by an outline that is filled, by one sweep of the brush, or by a click that gives a whole patch another
label, whichever mends more. Labels that would take longer to mend than to redo are painted over first. It
stops when they are good enough, or when no stroke is worth its while. The same labels always cost the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.effort.costs import STEERING, HandCosts
from trainer.effort.strokes import best_stroke, painted_by, whole_frame
from trainer.labels.values import NOT_LABELLED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from trainer.effort.selector import Selector
    from trainer.effort.strokes import Stroke

WORKING_LONG_SIDE = 400
"""Masks are compared at about this many pixels: people do not draw more exactly than that."""
LEAST = 0.0005
"""A stroke that mends less than this share of the photo is not worth it."""


@dataclass(frozen=True)
class Hand:
    """What it costs, and when it is content.

    Attributes
    ----------
    costs
        Seconds of its strokes.
    good_enough
        Share of the known pixels that must be right.
    good_dice
        Mean Dice over the classes of the photo that must be reached too: small parts are few of its pixels.
    most_strokes
        Strokes for one photo at most.
    """

    costs: HandCosts = STEERING
    good_enough: float = 0.97
    good_dice: float = 0.9
    most_strokes: int = 60

    def is_content(self, labels: NDArray[np.uint8], truth: NDArray[np.uint8]) -> bool:
        """Tell whether labels are good enough."""
        return agreement(labels, truth) >= self.good_enough and mean_dice(labels, truth) >= self.good_dice

    def strokes(
        self, labels: NDArray[np.uint8], truth: NDArray[np.uint8], select: Selector | None = None
    ) -> Iterator[Stroke]:
        """Yield the strokes that mend these labels, which the caller paints before asking for the next.

        Parameters
        ----------
        labels, truth
            ``(height, width)`` uint8, stored values, at working size; where the truth is 0 it is unknown.
        select
            The tool, where the hand may use it.
        """
        redo = not self.is_content(labels, truth) and self._redo_is_faster(labels, truth, select)
        stroke = whole_frame(truth) if redo else None
        for _ in range(self.most_strokes):
            if self.is_content(labels, truth):
                return
            stroke = stroke or self._next(labels, truth, select)
            if stroke is None:
                return
            yield stroke
            stroke = None

    def seconds(
        self, labels: NDArray[np.uint8], truth: NDArray[np.uint8], select: Selector | None = None
    ) -> float:
        """Seconds from the sight of these labels to good ones; arrays of full size, as stored."""
        labels, truth = at_working_size(labels).copy(), at_working_size(truth)
        spent = self.costs.look
        for stroke in self.strokes(labels, truth, select):
            labels[painted_by(stroke, labels)] = stroke.value
            spent += self.costs.of(stroke, max(truth.shape))
        return spent

    def seconds_from_nothing(self, truth: NDArray[np.uint8], select: Selector | None = None) -> float:
        """Seconds to paint a photo without any suggestion."""
        return self.seconds(np.zeros_like(truth), truth, select)

    def _next(
        self, labels: NDArray[np.uint8], truth: NDArray[np.uint8], select: Selector | None
    ) -> Stroke | None:
        """Find the drawn stroke that mends most, or a selection that mends more in each second."""
        least = LEAST * truth.size
        drawn = best_stroke(labels, truth, least)
        if drawn is None or select is None:
            return drawn
        long_side = max(truth.shape)
        choice = [drawn, *select.strokes(labels, truth, least)]
        return max(choice, key=lambda stroke: stroke.gain / self.costs.of(stroke, long_side))

    def _redo_is_faster(
        self, labels: NDArray[np.uint8], truth: NDArray[np.uint8], select: Selector | None
    ) -> bool:
        """Tell whether painting over everything first takes less time than mending it."""
        if not labels.any():
            return False
        frame = whole_frame(truth)
        blank = np.full_like(labels, frame.value)
        long_side = max(truth.shape)
        anew = self.costs.of(frame, long_side) + self._mend(blank, truth, select)
        return anew < self._mend(labels.copy(), truth, select)

    def _mend(self, labels: NDArray[np.uint8], truth: NDArray[np.uint8], select: Selector | None) -> float:
        """Return the seconds that it takes to mend these labels, which are mended on the way."""
        spent = 0.0
        for _ in range(self.most_strokes):
            if self.is_content(labels, truth):
                break
            stroke = self._next(labels, truth, select)
            if stroke is None:
                break
            labels[painted_by(stroke, labels)] = stroke.value
            spent += self.costs.of(stroke, max(truth.shape))
        return spent


def working_step(shape: tuple[int, ...]) -> int:
    """Return the step with which a mask is thinned to working size."""
    return max(1, -(-max(shape) // WORKING_LONG_SIDE))


def at_working_size(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Thin labels ``(height, width)`` to working size; a view."""
    step = working_step(labels.shape)
    return labels[::step, ::step]


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
