"""Results of a study so far: figures per arm and share, verdicts per claim. No torch."""

from __future__ import annotations

import itertools
import json
import math
import os
import shutil
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import ProjectError, SkinsegError
from trainer.evaluation.metrics import class_scores
from trainer.project.files.filesystem import storage_errors
from trainer.study.design import Design, runs_folder, study_folder
from trainer.study.measures import MEASURES
from trainer.study.runs import Record, Run, is_done, read_run, write_text
from trainer.study.statistics import Estimate, two_level_bootstrap
from trainer.study.studies.registry import find_study
from trainer.study.verdicts import Verdict, by_key, common_photos, cut, groups_of, score, verdicts_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.labels.classes import ClassSet
    from trainer.study.arms import Arm, Study

FILE = "study.json"
WRITTEN = ("table.md", "results.csv", "plot.svg", "claims.json")
TABLE_DRAWS = 2000
"""Bootstrap samples for the intervals of the table; claims have more."""


@dataclass(frozen=True)
class Cell:
    """Cell of the table: one arm at one share of the labels in one measure."""

    arm: str
    labels: float
    measure: str
    estimate: Estimate


@dataclass(frozen=True)
class StudyResults:
    """Results of a study, as they are printed, drawn and written."""

    study: Study
    about: Record
    """`study.json`."""
    arms: tuple[Arm, ...]
    labels: tuple[float, ...]
    runs: tuple[Run, ...]
    cells: tuple[Cell, ...]
    verdicts: tuple[Verdict, ...]
    classes: ClassSet

    @property
    def total(self) -> int:
        """Runs the study is made of, the pretext run among them."""
        return len(self.about["runs"])

    @property
    def missing(self) -> int:
        """Scored runs still to do."""
        return len(self.arms) * len(self.labels) * len(self.about["seeds"]) - len(self.runs)

    def cell(self, arm: str, labels: float, measure: str) -> Cell | None:
        """Find one cell; None without runs for it."""
        found = (c for c in self.cells if (c.arm, c.labels, c.measure) == (arm, labels, measure))
        return next(found, None)

    def per_class(self, arm: str, labels: float, name: str) -> list[float]:
        """Average one score of each class over seeds, then over the classes that have one."""
        tables = [
            getattr(class_scores(run.evidence.matrices.sum(0)), name)
            for run in self.runs
            if run.arm == arm and run.labels == labels
        ]
        if not tables:
            return [math.nan] * (self.classes.count + 1)
        values = np.stack(tables)
        known = ~np.isnan(values)
        with np.errstate(invalid="ignore"):
            means = np.where(known, values, 0).sum(0) / known.sum(0)
        return [*means.tolist(), float(np.nanmean(means)) if known.any() else math.nan]

    def epochs(self) -> list[list[float]]:
        """Average the curves the study shows over seeds: rows of the epoch and one value per curve."""
        curves = [
            _mean_curve([run.about["curves"].get(name, []) for run in self.runs])
            for name, _ in self.study.epochs
        ]
        count = min((len(curve) for curve in curves), default=0)
        return [[i + 1, *(curve[i] for curve in curves)] for i in range(count)]


def _mean_curve(curves: Sequence[list[list[float]]]) -> list[float]:
    """Average several curves point by point."""
    curves = [curve for curve in curves if curve]
    if not curves:
        return []
    count = min(len(curve) for curve in curves)
    return [sum(curve[i][1] for curve in curves) / len(curves) for i in range(count)]


def write_design(project: Path, design: Design) -> Path | None:
    """Keep what a study is made of, for `--show`.

    Returns
    -------
    Path or None
        The folder into which the files of an earlier design went, where that had runs which this one has not.
    """
    folder = study_folder(project, design.study.name)
    kept = _keep_earlier(folder, design)
    text = json.dumps(design.to_json(), indent=1, ensure_ascii=False)
    write_text(folder / FILE, text + "\n")
    return kept


def _keep_earlier(folder: Path, design: Design) -> Path | None:
    """Move the tables of another design to ``earlier/STAMP``; its runs stay where they are."""
    try:
        before = set(json.loads((folder / FILE).read_text(encoding="utf-8"))["runs"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        before = set()
    here = {run.name for run in design.runs}
    if before and (before <= here or not any(is_done(folder / "runs", name) for name in before)):
        return None
    stamp = time.strftime("%Y%m%d-%H%M%S")
    number = itertools.count(2)
    kept = folder / "earlier" / stamp
    while kept.exists():
        kept = kept.with_name(f"{stamp}-{next(number)}")
    with storage_errors(folder):
        kept.mkdir(parents=True)
        shutil.copy2(folder / FILE, kept / FILE)
        for name in WRITTEN:
            if (folder / name).is_file():
                os.replace(folder / name, kept / name)
    return kept


def read_results(project: Path, name: str, classes: ClassSet) -> StudyResults:
    """Read what is there of a study, with a verdict on each claim.

    Raises
    ------
    ProjectError
        The study was never started here.
    """
    study = find_study(name)
    path = study_folder(project, name) / FILE
    if not path.is_file():
        raise ProjectError(f"{project} holds no study {name}: start it with skinseg study {name} {project}")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        arms = tuple(study.chosen(about["arms"]))
    except (ValueError, KeyError) as error:
        raise SkinsegError(f"{path} is damaged ({error}): delete it, and start the study again") from error
    folder = runs_folder(project, name)
    runs = tuple(run for run in (read_run(folder, name) for name in about["runs"]) if run is not None)
    labels = tuple(about["labels"])
    verdicts = tuple(verdicts_of(study.claims, runs, classes, labels))
    cells = tuple(_cells(study, arms, labels, runs, classes))
    return StudyResults(study, about, arms, labels, runs, cells, verdicts, classes)


def within(found: Estimate) -> Estimate:
    """Cut an estimate's interval to the range of a score."""
    if math.isnan(found.low):
        return found
    return replace(found, low=max(0.0, found.low), high=min(1.0, found.high))


def _cells(
    study: Study, arms: Sequence[Arm], labels: Sequence[float], runs: Sequence[Run], classes: ClassSet
) -> list[Cell]:
    """Make the cells for which there are runs."""
    table = by_key(runs)
    photo_ids = common_photos(runs)
    cells = []
    for arm in arms:
        for share in labels:
            mine = [table[key] for key in sorted(table) if key[:2] == (arm.name, share)]
            if not mine:
                continue
            groups = groups_of(mine[0], photo_ids)
            evidence = [cut(run, photo_ids) for run in mine]
            for name in study.measures:
                if name in arm.without:
                    continue
                measure = MEASURES[name]
                per_seed = [lambda weights, e=e, m=measure: score(m, e, weights, classes) for e in evidence]
                found = two_level_bootstrap(per_seed, groups, draws=TABLE_DRAWS)
                cells.append(Cell(arm.name, share, name, within(found)))
    return cells
