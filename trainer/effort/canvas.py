"""What a hand works on: labels that its strokes change, the rest that may follow, and steps taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from trainer.effort.strokes import painted_by

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.effort.strokes import Stroke
    from trainer.effort.tools import Follow


class Canvas(Protocol):
    """Labels under a hand: arrays in a study, the window's layer in the demo."""

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Labels at working size, as they stand."""

    @property
    def may_follow(self) -> bool:
        """Whether there is something that lets the rest follow."""

    def paint(self, stroke: Stroke) -> None:
        """Paint a stroke: one step."""

    def follow(self) -> None:
        """Let the rest follow what was painted: one step."""

    def undo(self) -> None:
        """Take the last step back."""


class ArrayCanvas:
    """A canvas on an array, which it copies.

    Parameters
    ----------
    labels
        ``(height, width)`` uint8, stored values, at working size.
    follow
        See `Tools.follow`; None: the rest does not follow.
    """

    def __init__(self, labels: NDArray[np.uint8], follow: Follow | None = None) -> None:
        self.labels = labels.copy()
        self._follow = follow
        self._painted = np.zeros(labels.shape, bool)
        self._before: list[tuple[NDArray[np.uint8], NDArray[np.bool_]]] = []

    @property
    def may_follow(self) -> bool:
        """Whether there is something that lets the rest follow."""
        return self._follow is not None

    def paint(self, stroke: Stroke) -> None:
        """Paint a stroke; a fill of what is undecided, as the rest is filled last, may still follow."""
        self._keep()
        inside = painted_by(stroke, self.labels)
        if not (stroke.fills and not self.labels[inside].any()):
            self._painted |= inside
        self.labels[inside] = stroke.value

    def follow(self) -> None:
        """Let the rest follow what was painted."""
        assert self._follow is not None
        self._keep()
        self.labels = self._follow(self.labels, self._painted)

    def undo(self) -> None:
        """Take the last step back."""
        self.labels, self._painted = self._before.pop()

    def _keep(self) -> None:
        self._before = [*self._before[-1:], (self.labels.copy(), self._painted.copy())]
