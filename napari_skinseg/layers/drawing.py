"""How strongly each part of a class is drawn over the photo, by the opacity that the hand has set."""

from __future__ import annotations

OUTLINE = 0.95
"""Opacity of the line around a class, whatever that of the rest."""
OUTLINE_WIDTH = 1.25
"""Half of the line between two classes, which each draws in its own colour, pixels of the screen."""
RIM_WIDTH = 5.0
"""So far inside the line a class is drawn with the opacity that is set, by which its colour is known."""
FILL_POWER = 2.0
"""Within the rim only with this power of it, so that redness is seen through the colour; all of it at 1."""
DOT_EVERY, DOT_SIZE = 14.0, 2.0
"""The background, most of a photo, has no fill but a grid of dots, so that it is never taken for what is not
labelled: their distance and size, pixels of the screen."""
PALE = 0.75
"""Each second dot is so far from the class's colour to white: one kind shows on any photo."""
HATCH_EVERY, HATCH_WIDTH = 9.0, 2.0
"""Distance and width of the lines of hatching, pixels of the screen; the photo between them is bare."""
MARK_POWER = 0.5
"""Dots and lines of hatching are drawn with this power of the opacity that is set."""


def rim(opacity: float) -> float:
    """Opacity of a class along its outline."""
    return opacity


def fill(opacity: float) -> float:
    """Opacity of a class within its rim."""
    return float(opacity**FILL_POWER)


def marks(opacity: float) -> float:
    """Opacity of the background's dots, and of the lines of hatching."""
    return float(opacity**MARK_POWER)
