"""A simulated hand on arrays: the strokes that make labels good, and what they cost.

The hand looks for the largest regions that differ from the truth and paints them away one by one as a person
would: by an outline that is filled, by one sweep of the brush, or by a click that gives a whole patch another
label, whichever mends more. Labels that would take longer to mend than to redo are painted over first. It
stops when they are good enough, or when no stroke is worth its while. The same labels always cost the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.effort.canvas import ArrayCanvas
from trainer.effort.costs import GLANCE, KEY, STEERING, HandCosts
from trainer.effort.strokes import best_stroke, scribble, whole_frame
from trainer.effort.tools import DRAWING, Tools
from trainer.labels.values import NOT_LABELLED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from trainer.effort.canvas import Canvas
    from trainer.effort.selector import Selector
    from trainer.effort.strokes import Stroke

WORKING_LONG_SIDE = 400
"""Masks are compared at about this many pixels: people do not draw more exactly than that."""
LEAST = 0.0005
"""A stroke that mends less than this share of the photo is not worth it."""
SHORT = 0.5
"""A scribble is tried where it takes less than this share of the best stroke's seconds."""
R_KEY = KEY + GLANCE
"""Seconds to let the rest follow, and to see whether it did well."""


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

    def annotate(
        self, canvas: Canvas, truth: NDArray[np.uint8], select: Selector | None = None
    ) -> Iterator[float]:
        """Make the labels of a canvas good; yield the seconds of every step once it is done.

        Labels that would take longer to mend than to redo are painted over first.

        Parameters
        ----------
        canvas
            Its labels are mended on the way.
        truth
            ``(height, width)`` uint8, stored values, at working size; where it is 0 it is unknown.
        select
            Selects whole things by clicks, where there is such a tool.
        """
        labels, tools = canvas.labels, Tools(select)
        redo = labels.any() and not self.is_content(labels, truth)
        if redo and (anew := self._anew(labels, truth, tools)) <= self._mend(labels, truth, tools, anew):
            frame = whole_frame(truth)
            canvas.paint(frame)
            yield self.costs.of(frame, max(truth.shape))
        yield from self._steps(canvas, truth, select)

    def seconds(self, labels: NDArray[np.uint8], truth: NDArray[np.uint8], tools: Tools = DRAWING) -> float:
        """Seconds from the sight of these labels to good ones; arrays of full size, as stored."""
        labels, truth = at_working_size(labels), at_working_size(truth)
        if self.is_content(labels, truth):
            return self.costs.look
        if not labels.any():
            return self.costs.look + self._mend(labels, truth, tools)
        anew = self._anew(labels, truth, tools)
        return self.costs.look + min(anew, self._mend(labels, truth, tools, anew))

    def seconds_from_nothing(self, truth: NDArray[np.uint8], tools: Tools = DRAWING) -> float:
        """Seconds to paint a photo without any suggestion."""
        return self.seconds(np.zeros_like(truth), truth, tools)

    def _anew(self, labels: NDArray[np.uint8], truth: NDArray[np.uint8], tools: Tools = DRAWING) -> float:
        """Return the seconds that it takes to drop these labels and paint the photo."""
        frame = whole_frame(truth)
        blank = np.full_like(labels, frame.value)
        return self.costs.of(frame, max(truth.shape)) + self._mend(blank, truth, tools)

    def _mend(
        self,
        labels: NDArray[np.uint8],
        truth: NDArray[np.uint8],
        tools: Tools = DRAWING,
        enough: float = math.inf,
    ) -> float:
        """Return the seconds that it takes to mend these labels, not counted on once they are `enough`."""
        total = 0.0
        for seconds in self._steps(ArrayCanvas(labels, tools.follow), truth, tools.select):
            total += seconds
            if total >= enough:
                break
        return total

    def _steps(self, canvas: Canvas, truth: NDArray[np.uint8], select: Selector | None) -> Iterator[float]:
        """Mend step by step; yield the seconds of each.

        A scribble after which the rest is no better is taken back, and not tried again on this photo.
        """
        least, long_side, follows = LEAST * truth.size, max(truth.shape), canvas.may_follow
        for _ in range(self.most_strokes):
            stroke = (
                None if self.is_content(canvas.labels, truth) else self._next(canvas.labels, truth, select)
            )
            if stroke is None:
                return
            seconds = self.costs.of(stroke, long_side)
            thin = scribble(canvas.labels, truth, least) if follows else None
            scribbled = None if thin is None else self.costs.of(thin, long_side) + R_KEY
            if thin is None or scribbled is None or scribbled >= SHORT * seconds:
                canvas.paint(stroke)
                yield seconds
                continue
            canvas.paint(thin)
            before = right(canvas.labels, truth)  # what it painted itself says nothing about the rest
            canvas.follow()
            follows = right(canvas.labels, truth) - before >= least
            if not follows:
                canvas.undo()
                canvas.undo()
                scribbled += 2 * KEY
            yield scribbled

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


def right(labels: NDArray[np.uint8], truth: NDArray[np.uint8]) -> int:
    """Count the known pixels that are right."""
    return int(((labels == truth) & (truth != NOT_LABELLED)).sum())


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
