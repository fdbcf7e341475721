"""Scores on the terminal: the lines of `evaluate`, and its checks before it begins."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from trainer.cli.predict import number
from trainer.cli.reply import table

if TYPE_CHECKING:
    from rich.table import Table

    from trainer.evaluation.scorecard import Estimate, Scorecard


VISIBLE = 0.0005
"""What is smaller is printed as 0.000."""


def check_mode(mode: str) -> None:
    """Refuse a way of counting that is not known."""
    from trainer.errors import ConfigError
    from trainer.evaluation.scores.parity import MODES

    if mode not in MODES:
        raise ConfigError(f"--mode {mode}: use {', '.join(MODES[:-1])} or {MODES[-1]}")


def check_page(name: str) -> Path:
    """Find the file to write the page to; refuse it before any work where it cannot be written."""
    from trainer.errors import ConfigError

    path = Path(os.path.abspath(Path(name).expanduser()))
    if path.is_dir():
        raise ConfigError(f"--report {name}: is a folder; name a file, as {Path(name) / 'report.html'}")
    if not path.parent.is_dir():
        raise ConfigError(f"--report {name}: there is no folder {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK):
        raise ConfigError(f"--report {name}: cannot write to {path.parent}; name a file elsewhere")
    return path


def scorecard_lines(scorecard: Scorecard, mode: str) -> list[str | Table]:
    """Write a scorecard as a few lines and a table."""
    evaluation, found, classes = scorecard.evaluation, scorecard.headlines, scorecard.classes
    groups = scorecard.bootstrap.groups
    head = f"model {evaluation.model}, {evaluation.split}, {evaluation.photos:,} photos in {groups:,} groups"
    lines: list[str | Table] = [f"{head}: Dice {with_interval(found['dice9'])}"]
    parts = [
        f"{escape(classes.foreground)} or not {number(found['dice2'][0])}",
        f"IoU {number(found['iou9'][0])}",
    ]
    if classes.uncertain is not None:
        parts.insert(0, f"without doubt {number(found['dice8'][0])}")
    parts.append(f"mean over photos {number(found['photo_dice9'][0])}")
    lines.append("  " + ", ".join(parts))
    gap = scorecard.reliability.overconfident
    way = "" if abs(gap) < VISIBLE else " (too sure)" if gap > 0 else " (too modest)"
    lines.append(
        f"  outlines {number(found['nsd'][0])} within 2 px, HD95 {found['hd95'][0]:.0f} px; "
        f"confidence off by {number(found['ece'][0])}{way}"
    )
    lines.append(
        table("class", "Dice", "IoU", "precision", "recall", "outlines", "photos", rows=_rows(scorecard))
    )
    if scorecard.imagined:
        lines.append(
            escape(f"on no photo, but predicted, which counts as 0: {', '.join(scorecard.imagined)}")
        )
    if scorecard.without_score:
        lines.append(escape(f"no score, on no photo: {', '.join(scorecard.without_score)}"))
    rows = [
        [name, *(number(x) for x in (value, low, high))]
        for name, (value, (low, high)) in scorecard.parity(mode).items()
    ]
    if rows:
        lines.append(table(f"as {mode} counts", "mean", "95 % from", "to", rows=rows))
    return lines


def with_interval(estimate: Estimate) -> str:
    """Format an estimate as `0.62 (95 % 0.55 to 0.70)`."""
    value, (low, high) = estimate
    return f"{number(value)} (95 % {number(low)} to {number(high)})"


def _rows(scorecard: Scorecard) -> list[list[str]]:
    return [
        [
            name,
            *(number(row[key]) for key in ("dice", "iou", "precision", "recall", "nsd")),
            str(row["photos"]),
        ]
        for name, row in scorecard.per_class.items()
        if name not in scorecard.without_score
    ]
