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

from trainer.effort.costs import GLANCE, KEY, STEERING, HandCosts
from trainer.effort.strokes import best_stroke, painted_by, scribble, whole_frame
from trainer.effort.tools import DRAWING, Tools
from trainer.labels.values import NOT_LABELLED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

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

    def strokes(self, labels: NDArray[np.uint8], truth: NDArray[np.uint8]) -> Iterator[Stroke]:
        """Yield the strokes that mend these labels, which the caller paints before asking for the next.

        Parameters
        ----------
        labels, truth
            ``(height, width)`` uint8, stored values, at working size; where the truth is 0 it is unknown.
        """
        redo = labels.any() and not self.is_content(labels, truth)
        if redo and self._anew(labels, truth) < self._mend(labels.copy(), truth):
            yield whole_frame(truth)
        for _ in range(self.most_strokes):
            stroke = None if self.is_content(labels, truth) else self._next(labels, truth)
            if stroke is None:
                return
            yield stroke

    def seconds(self, labels: NDArray[np.uint8], truth: NDArray[np.uint8], tools: Tools = DRAWING) -> float:
        """Seconds from the sight of these labels to good ones; arrays of full size, as stored."""
        labels, truth = at_working_size(labels), at_working_size(truth)
        if self.is_content(labels, truth):
            return self.costs.look
        ways = [self._mend(labels.copy(), truth, tools)]
        if labels.any():
            ways.append(self._anew(labels, truth, tools))
        return self.costs.look + min(ways)

    def seconds_from_nothing(self, truth: NDArray[np.uint8], tools: Tools = DRAWING) -> float:
        """Seconds to paint a photo without any suggestion."""
        return self.seconds(np.zeros_like(truth), truth, tools)

    def _anew(self, labels: NDArray[np.uint8], truth: NDArray[np.uint8], tools: Tools = DRAWING) -> float:
        """Return the seconds that it takes to drop these labels and paint the photo."""
        frame = whole_frame(truth)
        blank = np.full_like(labels, frame.value)
        return self.costs.of(frame, max(truth.shape)) + self._mend(blank, truth, tools)

    def _mend(self, labels: NDArray[np.uint8], truth: NDArray[np.uint8], tools: Tools = DRAWING) -> float:
        """Return the seconds that it takes to mend these labels, which are mended on the way."""
        spent, painted, follows = 0.0, np.zeros(labels.shape, bool), tools.follow is not None
        least, long_side = LEAST * truth.size, max(truth.shape)
        for _ in range(self.most_strokes):
            stroke = None if self.is_content(labels, truth) else self._next(labels, truth, tools)
            if stroke is None:
                break
            thin = scribble(labels, truth, least) if follows else None
            if thin is not None and self.costs.of(thin, long_side) + R_KEY < SHORT * self.costs.of(
                stroke, long_side
            ):
                seconds, found = self._scribbled(thin, labels, painted, truth, tools)
                spent, follows = spent + seconds, found is not None
                if found is not None:
                    labels[:] = found
                continue
            inside = painted_by(stroke, labels)
            if not (stroke.fills and not labels[inside].any()):  # the rest is filled last: it is undecided
                painted |= inside
            labels[inside] = stroke.value
            spent += self.costs.of(stroke, long_side)
        return spent

    def _scribbled(
        self,
        stroke: Stroke,
        labels: NDArray[np.uint8],
        painted: NDArray[np.bool_],
        truth: NDArray[np.uint8],
        tools: Tools,
    ) -> tuple[float, NDArray[np.uint8] | None]:
        """Scribble and let the rest follow; return the seconds, and the labels afterwards.

        None: it was no better and is undone. A person does not try it again on this photo.
        """
        assert tools.follow is not None
        inside, spent = painted_by(stroke, labels), self.costs.of(stroke, max(truth.shape)) + R_KEY
        with_stroke = np.where(inside, np.uint8(stroke.value), labels)
        found = tools.follow(with_stroke, painted | inside)
        if right(found, truth) - right(labels, truth) < LEAST * truth.size:
            return spent + 2 * KEY, None
        painted |= inside
        return spent, found

    def _next(
        self, labels: NDArray[np.uint8], truth: NDArray[np.uint8], tools: Tools = DRAWING
    ) -> Stroke | None:
        """Find the drawn stroke that mends most, or a selection that mends more in each second."""
        least = LEAST * truth.size
        drawn = best_stroke(labels, truth, least)
        if drawn is None or tools.select is None:
            return drawn
        long_side = max(truth.shape)
        choice = [drawn, *tools.select.strokes(labels, truth, least)]
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
