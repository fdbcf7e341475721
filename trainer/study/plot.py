"""Plot of a study as SVG: curves over the labels or the epochs, else dots with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from trainer.study.measures import MEASURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.study.results import Cell, StudyResults

COLOURS = ("#4477aa", "#ee6677", "#228833", "#aa3377", "#66ccee", "#ccbb44")
"""Paul Tol's bright scheme: told apart by people who do not see all colours."""
WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 34, 46


@dataclass(frozen=True)
class Axis:
    """Axis from values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        span = self.high - self.low or 1.0
        return round(self.start + (value - self.low) / span * (self.end - self.start), 1)


def ticks(low: float, high: float, about: int = 7) -> list[float]:
    """Choose round values between two bounds."""
    rough = (high - low) / about or 0.1
    base = 10.0 ** math.floor(math.log10(rough))
    step = next(base * factor for factor in (1, 2, 5, 10) if base * factor >= rough)
    first = math.ceil(low / step)
    return [round(i * step, 10) for i in range(first, math.floor(high / step) + 1)]


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """Find the lowest and the highest value, with some room."""
    known = [value for value in values if not math.isnan(value)] or [0.0, 1.0]
    room = 0.06 * (max(known) - min(known)) or 0.05
    return min(known) - room, max(known) + room


def plot(results: StudyResults) -> str:
    """Draw the picture: one panel per measure, or one per curve over the epochs."""
    if results.study.epochs and results.epochs():
        panels = [_epoch_panel(results, i) for i in range(len(results.study.epochs))]
        names: list[str] = []
    else:
        draw = _label_panel if len(results.labels) > 1 else _dot_panel
        panels = [draw(results, measure) for measure in results.study.measures[:3]]
        names = [arm.title for arm in results.arms]
    height = HEIGHT + 22 * len(names) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * len(panels)} {height}" '
        f'width="{WIDTH * len(panels)}" height="{height}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(results.study.title)}</title>",
        f'<rect width="{WIDTH * len(panels)}" height="{height}" fill="white"/>',
    ]
    parts += [f'<g transform="translate({WIDTH * i} 0)">{panel}</g>' for i, panel in enumerate(panels)]
    for i, name in enumerate(names):
        y = HEIGHT + 22 * i + 6
        parts.append(f'<rect x="{LEFT}" y="{y}" width="18" height="4" fill="{COLOURS[i % len(COLOURS)]}"/>')
        parts.append(f'<text x="{LEFT + 26}" y="{y + 6}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def frame(title: str, below: str, x: Axis, y: Axis, x_ticks: Sequence[tuple[float, str]]) -> list[str]:
    """Draw axes, grid and texts of one panel."""
    parts = [f'<text x="{LEFT}" y="18" font-weight="bold">{escape(title)}</text>']
    for value in ticks(y.low, y.high):
        parts.append(f'<path d="M{x.start} {y(value)}H{x.end}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(value) + 4}" text-anchor="end">{value:g}</text>')
    for value, text in x_ticks:
        parts.append(f'<text x="{x(value)}" y="{y.start + 16}" text-anchor="middle">{escape(text)}</text>')
    parts.append(f'<path d="M{x.start} {y.end}V{y.start}H{x.end}" stroke="#333" fill="none"/>')
    middle = (x.start + x.end) / 2
    parts.append(f'<text x="{middle}" y="{y.start + 36}" text-anchor="middle">{escape(below)}</text>')
    return parts


def axes(x: tuple[float, float], y: tuple[float, float]) -> tuple[Axis, Axis]:
    """Make the axes of a panel from their bounds."""
    return Axis(*x, LEFT, WIDTH - RIGHT), Axis(*y, HEIGHT - BOTTOM, TOP)


def _with_intervals(
    x: Axis, y: Axis, points: Sequence[tuple[float, Cell]], colour: str, shift: float
) -> list[str]:
    """Draw joined dots with bars."""
    parts, places = [], []
    for at, cell in points:
        place = x(at) + shift
        low, high = cell.estimate.low, cell.estimate.high
        if not math.isnan(low):
            parts.append(f'<path d="M{place} {y(low)}V{y(high)}" stroke="{colour}" stroke-opacity=".5"/>')
        parts.append(f'<circle cx="{place}" cy="{y(cell.estimate.value)}" r="3.5" fill="{colour}"/>')
        places.append(f"{place} {y(cell.estimate.value)}")
    if len(places) > 1:
        parts.append(f'<path d="M{"L".join(places)}" stroke="{colour}" stroke-width="2" fill="none"/>')
    return parts


def _known(cells: Sequence[Cell | None]) -> list[Cell]:
    return [cell for cell in cells if cell is not None and not math.isnan(cell.estimate.value)]


def _reach(cells: Sequence[Cell]) -> tuple[float, float]:
    return bounds([value for c in cells for value in (c.estimate.low, c.estimate.high, c.estimate.value)])


def _label_panel(results: StudyResults, measure: str) -> str:
    """Draw a score over the share of the labels, one line per arm."""
    shares = results.labels
    cells = {arm.name: _known([results.cell(arm.name, f, measure) for f in shares]) for arm in results.arms}
    at = {share: math.log2(share) for share in shares}
    x, y = axes(
        (min(at.values()) - 0.4, max(at.values()) + 0.4),
        _reach([cell for line in cells.values() for cell in line]),
    )
    parts = frame(MEASURES[measure].title, "labels", x, y, [(at[f], f"{100 * f:g} %") for f in shares])
    for i, arm in enumerate(results.arms):
        shift = 4.0 * (i - (len(results.arms) - 1) / 2)
        points = [(at[cell.labels], cell) for cell in cells[arm.name]]
        parts += _with_intervals(x, y, points, COLOURS[i % len(COLOURS)], shift)
    return "".join(parts)


def _dot_panel(results: StudyResults, measure: str) -> str:
    """Draw one dot per arm."""
    share = results.labels[0]
    cells = [results.cell(arm.name, share, measure) for arm in results.arms]
    x, y = axes((-0.5, len(cells) - 0.5), _reach(_known(cells)))
    parts = frame(MEASURES[measure].title, "", x, y, [])
    for i, cell in enumerate(cells):
        if cell is not None and not math.isnan(cell.estimate.value):
            parts += _with_intervals(x, y, [(i, cell)], COLOURS[i % len(COLOURS)], 0.0)
    return "".join(parts)


def _epoch_panel(results: StudyResults, index: int) -> str:
    """Draw one curve over the epochs."""
    rows = results.epochs()
    x, y = axes((1, len(rows)), bounds([row[index + 1] for row in rows]))
    marks = [(value, f"{value:g}") for value in ticks(1, len(rows))]
    parts = frame(results.study.epochs[index][1], "epoch", x, y, marks)
    line = "L".join(f"{x(row[0])} {y(row[index + 1])}" for row in rows)
    parts.append(f'<path d="M{line}" stroke="{COLOURS[index]}" stroke-width="2" fill="none"/>')
    return "".join(parts)
