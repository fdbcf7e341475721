"""Selecting whole things in place of drawing them: the clicks a person would try, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from trainer.effort.strokes import Stroke, gain_of, wrong_regions
from trainer.selection.proposals import Prompts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.selection.proposals import Proposer

REGIONS = 2
"""Largest wrong regions that are clicked on."""
MORE_CLICKS = 2
"""Clicks that mend a first one, at most."""


@dataclass
class Selector:
    """The tool Select on one photo.

    Attributes
    ----------
    proposer
        Finds the masks. Its photo is of the masks' working size: clicks are in pixels of these.
    """

    proposer: Proposer
    _seen: dict[Prompts, list[NDArray[np.uint8]]] = field(default_factory=dict)  # packed

    def strokes(self, labels: NDArray[np.uint8], truth: NDArray[np.uint8], least: float) -> list[Stroke]:
        """List selections that would mend these labels, at most two a region.

        A region that lacks a label is clicked in its middle, or the part that it belongs to, or that part is
        boxed; a click more adds what is missing, or takes away what is too much. Which of the three masks is
        painted, the person decides by looking at them in turn.
        """
        found = []
        for value, region in wrong_regions(labels, truth, least)[:REGIONS]:
            parts, _ = ndimage.label(truth == value)
            part = parts == parts[region][0]
            starts = [self._click(Prompts(), region), self._click(Prompts(), part)]
            first = max(
                (self._best(prompts, labels, truth, value) for prompts in (*starts, _box(part))), key=_worth
            )
            found.append(first)
            for _ in range(MORE_CLICKS):
                further = self._further(first, part, labels, truth)
                if further is None or _worth(further) <= _worth(first):
                    break
                first = further
            found.append(first)
        return [stroke for stroke in found if stroke.gain >= max(least, 1)]

    def _best(
        self, prompts: Prompts, labels: NDArray[np.uint8], truth: NDArray[np.uint8], value: int
    ) -> Stroke:
        aims = len(prompts.points) + (2 if prompts.box else 0)
        strokes = [
            Stroke(
                value,
                np.array(prompts.points, float).reshape(-1, 2),
                0.0,
                gain_of(mask, labels, truth, value),
                selected=mask,
                prompts=prompts,
                aims=aims,
                glances=tabs + 1,
            )
            for tabs, mask in enumerate(self._masks(prompts, truth.shape))
        ]
        return max(strokes, key=_worth)

    def _further(
        self, stroke: Stroke, part: NDArray[np.bool_], labels: NDArray[np.uint8], truth: NDArray[np.uint8]
    ) -> Stroke | None:
        """Click once more, where most is missing or too much."""
        assert stroke.selected is not None
        assert stroke.prompts is not None
        missing, spoilt = part & ~stroke.selected, stroke.selected & (truth != stroke.value) & (truth > 0)
        adds = missing.sum() > spoilt.sum()
        wrong = missing if adds else spoilt
        if not wrong.any():
            return None
        regions, count = ndimage.label(wrong)
        largest = 1 + int(np.argmax(np.bincount(regions.ravel(), minlength=count + 1)[1:]))
        prompts = self._click(stroke.prompts, regions == largest, bool(adds))
        return self._best(prompts, labels, truth, stroke.value)

    @staticmethod
    def _click(prompts: Prompts, region: NDArray[np.bool_], adds: bool = True) -> Prompts:
        depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
        row, column = np.unravel_index(int(depth.argmax()), region.shape)
        return prompts.with_click(float(row), float(column), adds)

    def _masks(self, prompts: Prompts, shape: tuple[int, ...]) -> list[NDArray[np.bool_]]:
        if prompts not in self._seen:
            height, width = shape
            found = [mask.at((height, width)) for mask in self.proposer.propose(prompts)]
            self._seen[prompts] = [np.packbits(mask, axis=1) for mask in found]
        return [np.unpackbits(mask, axis=1, count=shape[1]).view(bool) for mask in self._seen[prompts]]


def _box(part: NDArray[np.bool_]) -> Prompts:
    rows, columns = (np.flatnonzero(part.any(axis=axis)) for axis in (1, 0))
    return Prompts().with_box((float(rows[0]), float(columns[0]), rows[-1] + 1.0, columns[-1] + 1.0))


def _worth(stroke: Stroke) -> float:
    """Pixels mended for each aim, roughly: a second click is made where the first was not good enough."""
    return stroke.gain / (stroke.aims + 0.3 * stroke.glances)
