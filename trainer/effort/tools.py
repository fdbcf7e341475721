"""What the window offers a hand beside drawing, on one photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from trainer.effort.selector import Selector

    Follow: TypeAlias = Callable[[NDArray[np.uint8], NDArray[np.bool_]], NDArray[np.uint8]]


@dataclass(frozen=True)
class Tools:
    """Tools for one photo.

    Attributes
    ----------
    select
        Selects whole things by clicks.
    follow
        Lets the rest follow the strokes: from labels and which of them were painted, at working size, to the
        labels afterwards.
    """

    select: Selector | None = None
    follow: Follow | None = None


DRAWING = Tools()
"""Outlines, sweeps, fills, keys: what there always is."""
