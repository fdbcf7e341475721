"""Boxes around regions of one class, as the multi-task recipe finds them. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Box:
    """One region that a model found."""

    class_index: int
    score: float
    """Probability of that class, 0 to 1."""
    top: float
    """Edges in pixels of the photo at its own size, as are the others."""
    left: float
    bottom: float
    right: float
    probabilities: tuple[float, ...] = ()
    """Of every class, in the order of the class set."""

    def to_list(self) -> list[int | float | list[float]]:
        """Plain values for JSON."""
        edges = [round(edge, 1) for edge in (self.top, self.left, self.bottom, self.right)]
        return [self.class_index, round(self.score, 4), *edges, [round(p, 4) for p in self.probabilities]]

    @classmethod
    def from_list(cls, values: Sequence[Any]) -> Box:
        """Read back :meth:`to_list`."""
        index, score, top, left, bottom, right, probabilities = values
        return cls(int(index), score, top, left, bottom, right, tuple(probabilities))
