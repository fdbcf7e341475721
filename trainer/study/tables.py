"""Tables of a study: on the terminal, as Markdown, as CSV, as JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluation.json_values import Json, json_object, json_value
from trainer.evaluation.metrics import class_scores
from trainer.study.measures import MEASURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.study.results import StudyResults
    from trainer.study.statistics import Estimate
    from trainer.study.verdicts import Verdict

GAP = 2
"""Letters between two columns on a terminal."""


@dataclass(frozen=True)
class Grid:
    """Table as text."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def width(self) -> int:
        """Letters that it takes on a terminal."""
        columns = zip(self.head, *self.rows, strict=True)
        return sum(max(map(len, column)) + GAP for column in columns) - GAP

    def markdown(self) -> str:
        """Format as Markdown, numbers to the right."""
        words = [any(row[i][:1].isalpha() for row in self.rows) for i in range(len(self.head))]
        lines = [list(self.head), ["---" if left else "---:" for left in words], *map(list, self.rows)]
        table = "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines)
        return f"### {self.title}\n\n{table}\n"


def figure(value: float) -> str:
    """Format three decimals without the zero before them; a dash for NaN."""
    if math.isnan(value):
        return "–"
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}"


def signed(value: float) -> str:
    """Format a figure with its sign."""
    return figure(value) if math.isnan(value) or value < 0 else f"+{figure(value)}"


def counted(count: int, noun: str) -> str:
    """Format a count with its noun: ``1 seed``, ``3 seeds``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def percent(share: float) -> str:
    """Format a share of the labels."""
    return f"{100 * share:g} %"


def grids(results: StudyResults, width: int | None = None) -> list[Grid]:
    """Make all tables of a study but the claims; the main one fits a terminal of so many letters."""
    main = main_grid(results)
    found = [main if width is None or main.width <= width else long_grid(results)]
    if results.study.per_class:
        found += [class_grid(results, arm.name, share) for share in results.labels for arm in results.arms]
    if results.study.epochs and results.epochs():
        found.insert(0, epoch_grid(results))
    return found


INTERVALS = "Mean over seeds (95 % interval; ± SD between seeds)"


def main_grid(results: StudyResults) -> Grid:
    """Make the table of arms by measures: mean over seeds, its interval and the SD between seeds."""
    several = len(results.labels) > 1
    head = ("arm", *(("labels",) if several else ()), *(MEASURES[m].title for m in results.study.measures))
    rows = []
    for arm in results.arms:
        for share in results.labels:
            cells = [results.cell(arm.name, share, m) for m in results.study.measures]
            if any(cells):
                values = tuple("–" if cell is None else interval(cell.estimate) for cell in cells)
                rows.append((arm.name, *((percent(share),) if several else ()), *values))
    return Grid(INTERVALS, head, tuple(rows))


def long_grid(results: StudyResults) -> Grid:
    """Make the same table with one row for each measure and arm."""
    several = len(results.labels) > 1
    head = ("measure", "arm", *(("labels",) if several else ()), "mean (95 %; ± SD of seeds)")
    rows = [
        (MEASURES[m].title, arm.name, *((percent(share),) if several else ()), interval(cell.estimate))
        for m in results.study.measures
        for arm in results.arms
        for share in results.labels
        if (cell := results.cell(arm.name, share, m)) is not None
    ]
    return Grid("Mean over seeds", head, tuple(rows))


def interval(estimate: Estimate) -> str:
    """Format an estimate as `.812 (.790 to .834; ±.004)`."""
    spread = "" if math.isnan(estimate.seed_sd) else f"; ±{figure(estimate.seed_sd)}"
    return f"{figure(estimate.value)} ({figure(estimate.low)} to {figure(estimate.high)}{spread})"


def class_grid(results: StudyResults, arm: str, share: float) -> Grid:
    """Make the table of each class and their mean, of one arm."""
    titles = {"iou": "IoU", "precision": "precision", "recall": "recall", "dice": "F1"}
    names = results.study.per_class
    columns = [results.per_class(arm, share, name) for name in names]
    rows = [
        (title, *(figure(column[index]) for column in columns))
        for index, title in enumerate((*results.classes.names, "mean"))
        if not all(math.isnan(column[index]) for column in columns)
    ]
    of_labels = f", {percent(share)} of the labels" if len(results.labels) > 1 else ""
    return Grid(
        f"{arm}, per class{of_labels}, mean over seeds", ("class", *(titles[n] for n in names)), tuple(rows)
    )


def epoch_grid(results: StudyResults) -> Grid:
    """Make the table of the curves the study shows, one row per epoch."""
    rows = tuple((f"{int(row[0])}", *(figure(value) for value in row[1:])) for row in results.epochs())
    return Grid("Mean over seeds", ("epoch", *(title for _, title in results.study.epochs)), rows)


def claim_grid(verdicts: Sequence[Verdict]) -> Grid:
    """Make the table of claims, one row each."""
    head = ("claim", "verdict", "difference (95 %)", "p, Holm", "seeds", "at", "the source")
    rows = [
        (
            v.claim.text,
            verdict_text(v),
            f"{signed(v.estimate.value)} ({signed(v.estimate.low)} to {signed(v.estimate.high)})",
            "–" if math.isnan(v.p_holm) else "< .001" if v.p_holm < 0.001 else figure(v.p_holm),
            str(v.estimate.seeds),
            " ".join(f"{100 * share:g}" for share in v.labels) + " %",
            v.claim.source or "–",
        )
        for v in verdicts
    ]
    return Grid("Claims", head, tuple(rows))


def claim_line(verdict: Verdict) -> str:
    """Format a claim and its verdict in one line for the terminal."""
    found = verdict.estimate
    source = f"; the source: {verdict.claim.source}" if verdict.claim.source else ""
    return (
        f"{verdict.claim.text}: {verdict_text(verdict)} ({signed(found.value)}, 95 % {signed(found.low)} to "
        f"{signed(found.high)}, {counted(found.seeds, 'seed')}{source})"
    )


def verdict_text(verdict: Verdict) -> str:
    """Format a verdict as `undecided: 12 seeds needed`."""
    return f"{verdict.verdict}: {verdict.why}" if verdict.why else verdict.verdict


def heading(results: StudyResults) -> list[str]:
    """Write the lines above the tables."""
    asked, first = results.about["asked"], results.runs[0].about if results.runs else None
    lines = [
        f"{counted(len(results.runs), 'run')} done, {results.missing} to do; "
        f"{counted(len(results.about['seeds']), 'seed')}, "
        f"scale {asked['scale']}, tested on {results.about['split']}"
        + (f", {counted(len(results.runs[0].photo_ids), 'photo')}" if results.runs else "")
    ]
    if first is not None:
        plan = first["plan"]
        sizes = "full size" if first["full_size"] else f"long side {plan['long_side'] or 'native'}"
        lines.append(
            f"{plan['arch']}, {plan['encoder']}, {plan['fit']} {plan['size']}, batch {plan['batch']}, "
            f"{plan['steps']} steps, scored at {sizes}; torch {first['machine']['torch']}"
        )
    return [*lines, *results.about["notes"], *results.study.notes]


def markdown(results: StudyResults) -> str:
    """Write the text of `table.md`."""
    lines = "\n".join(f"* {line}" for line in heading(results))
    tables = [*grids(results), *([claim_grid(results.verdicts)] if results.verdicts else [])]
    parts = [f"## {results.study.title}", lines, *(grid.markdown() for grid in tables)]
    return "\n\n".join(parts).rstrip() + "\n"


def results_csv(results: StudyResults) -> str:
    """Write `results.csv`: one row per run, class and score; the class is empty where the score is of all."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("arm", "labels", "seed", "class", "score", "value", "seconds", "steps"))
    without = {arm.name: arm.without for arm in results.arms}
    for run in results.runs:
        ends = (run.about["all_seconds"], run.about["plan"]["steps"])
        one = np.ones((1, len(run.photo_ids)))
        for name in results.study.measures:
            if name not in without.get(run.arm, ()):
                value = float(MEASURES[name].of(run.evidence, one, results.classes)[0])
                writer.writerow((run.arm, run.labels, run.seed, "", name, _number(value), *ends))
        scores = class_scores(run.evidence.matrices.sum(0))
        for name in ("dice", "iou", "precision", "recall"):
            for title, value in zip(results.classes.names, getattr(scores, name), strict=True):
                writer.writerow((run.arm, run.labels, run.seed, title, name, _number(float(value)), *ends))
    return out.getvalue()


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.5f}"


def to_json(results: StudyResults) -> Json:
    """Return what `--json` prints; `claims.json` is its part `claims`."""
    return {
        "study": results.study.name,
        "runs": {"done": len(results.runs), "missing": results.missing},
        "about": heading(results),
        "cells": [
            json_object(
                {
                    "arm": cell.arm,
                    "labels": cell.labels,
                    "measure": cell.measure,
                    "mean": cell.estimate.value,
                    "ci95": (cell.estimate.low, cell.estimate.high),
                    "seed_sd": cell.estimate.seed_sd,
                    "seeds": cell.estimate.seeds,
                }
            )
            for cell in results.cells
        ],
        "claims": [claim_json(verdict) for verdict in results.verdicts],
        "epochs": [json_value(row, 5) for row in results.epochs()],
    }


def claim_json(verdict: Verdict) -> Json:
    """Return one claim with all that led to its verdict."""
    return json_object(
        {
            "claim": verdict.claim.text,
            "better": verdict.claim.better,
            "worse": verdict.claim.worse,
            "measure": verdict.claim.measure,
            "source": verdict.claim.source,
            "labels": verdict.labels,
            "seeds": verdict.estimate.seeds,
            "photos": verdict.photos,
            "difference": verdict.estimate.value,
            "ci95": (verdict.estimate.low, verdict.estimate.high),
            "p": verdict.estimate.p,
            "p_holm": verdict.p_holm,
            "seed_sd": verdict.estimate.seed_sd,
            "photo_sd": verdict.estimate.photo_sd,
            "verdict": verdict.verdict,
            "why": verdict.why,
            "seeds_needed": verdict.seeds_needed,
        }
    )


def claims_json(results: StudyResults) -> str:
    """Write the text of `claims.json`."""
    return (
        json.dumps([claim_json(verdict) for verdict in results.verdicts], indent=1, ensure_ascii=False) + "\n"
    )
