"""Hooks of the training loop, and its clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt


@dataclass
class Hooks:
    """Callbacks of the loop."""

    tick: Callable[[int, float], None] = lambda step, seconds_left: None
    """Called before every step; may raise to stop, and a checkpoint is written."""
    plot: Callable[[int, dict[str, float]], None] = lambda step, values: None
    """Called twice a second with values to draw."""
    say: Callable[[str], None] = lambda message: None
    """Called with notes to people."""
    show: Callable[[npt.NDArray[np.uint8]], None] = lambda picture: None
    """Called with a recipe's panel ``(H, W, 3)`` at every checkpoint, where it has one."""


@dataclass
class Clock:
    """Time spent on training alone, and crops seen, over all parts of a round."""

    seconds: float = 0.0
    crops: int = 0

    @property
    def crops_per_second(self) -> float:
        """Training throughput."""
        return self.crops / self.seconds if self.seconds > 0 else 0.0
