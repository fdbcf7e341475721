"""Picture and CSV of learning curves: Dice against labels and against minutes, a line per strategy."""

from __future__ import annotations

import csv
import io
import math
from html import escape
from typing import TYPE_CHECKING

from trainer.study.plot import COLOURS, HEIGHT, LEFT, WIDTH, Axis, axes, bounds, frame, ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.study.choose_curves import Measured, StrategyCurve

MORE_COLOURS = (*COLOURS, "#bbbbbb", "#882255", "#999933", "#44aa99", "#332288", "#ddaa33")
PLAIN = {"random": "#000000"}
SHARE = 0.95


def choose_svg(rows: Sequence[StrategyCurve], best: Measured) -> str:
    """Draw the curves; the dashed line is 95 % of the Dice with all labels.

    Parameters
    ----------
    rows
        At least one strategy.
    best
        Dice with all labels.
    """
    colours = {row.strategy: MORE_COLOURS[i % len(MORE_COLOURS)] for i, row in enumerate(rows)} | PLAIN
    heights = [m.value for row in rows for m in row.dice] + [SHARE * best.value]
    panels = [_panel(rows, colours, heights, best, *_labels_axis(rows))]
    if any(math.isfinite(m.value) for row in rows for m in row.seconds):
        panels.append(_panel(rows, colours, heights, best, *_minutes_axis(rows)))
    columns = 2 * len(panels)
    height = HEIGHT + 22 * -(-len(rows) // columns) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * len(panels)} {height}" '
        f'width="{WIDTH * len(panels)}" height="{height}" font-family="sans-serif" font-size="12">',
        "<title>Dice by labels and by minutes</title>",
        f'<rect width="{WIDTH * len(panels)}" height="{height}" fill="white"/>',
    ]
    parts += [f'<g transform="translate({WIDTH * i} 0)">{panel}</g>' for i, panel in enumerate(panels)]
    for index, row in enumerate(rows):
        left = LEFT + index % columns * (WIDTH // 2 - 20)
        top = HEIGHT + 22 * (index // columns) + 6
        parts.append(f'<rect x="{left}" y="{top}" width="18" height="4" fill="{colours[row.strategy]}"/>')
        parts.append(f'<text x="{left + 26}" y="{top + 6}">{escape(row.strategy)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


Places = tuple[str, tuple[float, float], list[tuple[float, str]], "Callable[[StrategyCurve], list[float]]"]
"""Title below, bounds, ticks, and where the points of a strategy lie."""


def _labels_axis(rows: Sequence[StrategyCurve]) -> Places:
    counts = sorted({n for row in rows for n in row.labels})
    ends = (math.log2(counts[0]) - 0.2, math.log2(counts[-1]) + 0.2)
    marks = [(math.log2(n), str(n)) for n in counts]
    return "photos labelled", ends, marks, lambda row: [math.log2(n) for n in row.labels]


def _minutes_axis(rows: Sequence[StrategyCurve]) -> Places:
    most = max(m.value for row in rows for m in row.seconds if math.isfinite(m.value)) / 60
    marks = [(value, f"{value:g}") for value in ticks(0, most)]
    return "minutes of work", (0, 1.04 * most), marks, lambda row: [m.value / 60 for m in row.seconds]


def _panel(
    rows: Sequence[StrategyCurve],
    colours: dict[str, str],
    heights: Sequence[float],
    best: Measured,
    below: str,
    ends: tuple[float, float],
    marks: list[tuple[float, str]],
    places: Callable[[StrategyCurve], list[float]],
) -> str:
    x, y = axes(ends, bounds(heights))
    parts = frame("Dice on validation photos", below, x, y, marks)
    goal = y(SHARE * best.value)
    parts.append(f'<path d="M{x.start} {goal}H{x.end}" stroke="#333" stroke-dasharray="4 3"/>')
    for row in rows:
        strong = row.strategy in ("random", "default")
        parts += _line(row, places(row), x, y, colours[row.strategy], strong)
    return "".join(parts)


def _line(row: StrategyCurve, at: list[float], x: Axis, y: Axis, colour: str, strong: bool) -> list[str]:
    points = [(x(a), m) for a, m in zip(at, row.dice, strict=True) if math.isfinite(a)]
    way = "L".join(f"{place} {y(m.value)}" for place, m in points)
    width, opacity = (2.5, 1) if strong else (1.3, 0.8)
    style = f'stroke="{colour}" stroke-width="{width}" stroke-opacity="{opacity}" fill="none"'
    parts = [f'<path d="M{way}" {style}/>'] if points else []
    if strong:
        parts += [f'<circle cx="{a}" cy="{y(m.value)}" r="3.5" fill="{colour}"/>' for a, m in points]
    return parts


def curves_csv(rows: Sequence[StrategyCurve], best: Measured) -> str:
    """Write every measured number, one a line, with its interval."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["strategy", "seeds", "measure", "labels", "value", "low", "high"])

    def line(row: StrategyCurve | None, measure: str, labels: int | str, m: Measured) -> None:
        numbers = [f"{value:.5g}" for value in (m.value, m.low, m.high)]
        lines.writerow([row.strategy if row else "all", row.seeds if row else "", measure, labels, *numbers])

    line(None, "dice", "all", best)
    for row in rows:
        for labels, dice, seconds in zip(row.labels, row.dice, row.seconds, strict=True):
            line(row, "dice", labels, dice)
            line(row, "seconds", labels, seconds)
        line(row, "area", "", row.area)
        for share, n, seconds in zip((90, 95), row.labels_to, row.seconds_to, strict=True):
            line(row, f"labels to {share} %", "", n)
            line(row, f"seconds to {share} %", "", seconds)
        line(row, "labels to 95 % / random's", "", row.labels_ratio)
        line(row, "seconds to 95 % / random's", "", row.seconds_ratio)
    return text.getvalue()
