"""Drawings as SVG text: nothing to load, readable in light and dark, sharp on every screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trainer.evaluation.scores.calibration import Reliability

SIDE, LEFT, TOP, BELOW, HISTOGRAM = 260, 44, 12, 44, 46


def reliability_plot(bins: Reliability) -> str:
    """Accuracy against confidence, one bar per bin, with the share of pixels in each bin below.

    Colours come from the page's style by class; on the diagonal confidence is what it says.
    """
    width, height = LEFT + SIDE + 12, TOP + SIDE + HISTOGRAM + BELOW
    count = len(bins.share)
    step = SIDE / count
    floor = TOP + SIDE
    parts = [
        f'<svg viewBox="0 0 {width} {height}" role="img" class="plot" '
        'aria-label="Reliability: how often the model is right at each confidence">'
    ]
    for tick in (0, 25, 50, 75, 100):
        x, y = LEFT + SIDE * tick / 100, floor - SIDE * tick / 100
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{LEFT + SIDE}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick}</text>')
        parts.append(f'<text x="{x:.1f}" y="{floor + HISTOGRAM + 16}" text-anchor="middle">{tick}</text>')
    most = float(np.nanmax(bins.share)) if np.nansum(bins.share) else 1.0
    for i, (accuracy, confidence, share) in enumerate(
        zip(bins.accuracy, bins.confidence, bins.share, strict=True)
    ):
        if not share > 0:
            continue
        x = LEFT + i * step
        tall, low = SIDE * accuracy, (HISTOGRAM - 10) * share / most
        said = f"confidence {confidence:.0%}: right in {accuracy:.0%}; {share:.1%} of all pixels"
        parts.append(
            f'<g><title>{said}</title><rect class="bar" x="{x + 1:.1f}" y="{floor - tall:.1f}" '
            f'width="{step - 2:.1f}" height="{tall:.1f}"/><rect class="share" x="{x + 1:.1f}" '
            f'y="{floor + 4:.1f}" width="{step - 2:.1f}" height="{max(low, 0.7):.1f}"/></g>'
        )
    parts += [
        f'<line class="ideal" x1="{LEFT}" y1="{floor}" x2="{LEFT + SIDE}" y2="{TOP}"/>',
        f'<text x="{LEFT + SIDE / 2}" y="{height - 8}" text-anchor="middle">how sure it is, %</text>',
        f'<text transform="translate(11 {TOP + SIDE / 2}) rotate(-90)" text-anchor="middle">'
        "right, % of pixels</text>",
        "</svg>",
    ]
    return "".join(parts)
