"""Picture of seconds against labels as SVG: a line per recipe, painting from nothing at 1."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from trainer.study.plot import COLOURS, HEIGHT, LEFT, WIDTH, axes, frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.study.effort import EffortPoint

TITLE = "seconds for a photo (from nothing: 1)"


def effort_svg(points: Sequence[EffortPoint]) -> str:
    """Draw the curves with their intervals.

    Parameters
    ----------
    points
        At least one.
    """
    points = [point for point in points if point.labels > 0] or list(points)
    recipes = list(dict.fromkeys(point.recipe for point in points))
    counts = sorted({point.labels for point in points})
    at = {n: math.log2(max(n, 1)) for n in counts}
    high = max(1.0, *(point.share.high for point in points))
    x, y = axes((at[counts[0]] - 0.4, at[counts[-1]] + 0.4), (0.0, 1.06 * high))
    height = HEIGHT + 22 * len(recipes) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        *frame(TITLE, "photos labelled so far", x, y, [(at[n], str(n)) for n in counts]),
        f'<path d="M{x.start} {y(1.0)}H{x.end}" stroke="#333" stroke-dasharray="4 3"/>',
    ]
    for index, recipe in enumerate(recipes):
        colour, line = COLOURS[index % len(COLOURS)], []
        for point in (p for p in points if p.recipe == recipe):
            place, middle = x(at[point.labels]) + 4.0 * index, y(point.share.share)
            span = f"M{place} {y(point.share.low)}V{y(point.share.high)}"
            parts.append(f'<path d="{span}" stroke="{colour}" stroke-opacity=".5"/>')
            parts.append(f'<circle cx="{place}" cy="{middle}" r="3.5" fill="{colour}"/>')
            line.append(f"{place} {middle}")
        parts.append(f'<path d="M{"L".join(line)}" stroke="{colour}" stroke-width="2" fill="none"/>')
        top = HEIGHT + 22 * index + 6
        parts.append(f'<rect x="{LEFT}" y="{top}" width="18" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT + 26}" y="{top + 6}">{escape(recipe)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
