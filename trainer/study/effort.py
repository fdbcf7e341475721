"""Seconds that suggestions save against the number of labels, paired: the same photos from nothing.

A run trains one recipe on one draw of the labels, predicts every labelled photo of a split, and lets the
simulated hand mend each prediction. Runs are files; what is there is not done again.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from trainer.atomic import write_text
from trainer.data.photo_cache import Bytes, WorkingPhotos, project_cache
from trainer.effort.paired import PairedShare, paired_share
from trainer.errors import ConfigError, ProjectError
from trainer.evaluation.validation import readable_truth
from trainer.labels.truth import to_labels
from trainer.study.effort_tools import EffortTools
from trainer.training.standalone import predictor_of, run_standalone

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from trainer.effort.hand import Hand
    from trainer.inference.predictor import Predictor
    from trainer.project.project import Project
    from trainer.project.revisions import Truth
    from trainer.settings.model import Settings
    from trainer.training.round_context import RoundProgress

    Report = Callable[[str, int, int], None]
    """Called with a phase, a step and the number of steps."""

NOTHING = "no suggestion"
"""Stands for a recipe where the hand has its tools alone."""


class Mended(TypedDict):
    """One photo of a run."""

    photo: int
    seconds: float
    from_nothing: float


class Record(TypedDict):
    """What is read of a run's file."""

    recipe: str
    labels: int
    trained_seconds: float
    photos: list[Mended]


@dataclass(frozen=True)
class EffortRun:
    """One training: a recipe, about how many labelled photos, and which of many draws."""

    recipe: str
    labels: int
    draw: int

    @property
    def name(self) -> str:
        """Name of its file, without suffix."""
        return f"{self.recipe.replace(' ', '-')}-{self.labels}-{self.draw}"


@dataclass(frozen=True)
class EffortPoint:
    """All draws of one recipe and number of labels."""

    recipe: str
    labels: int
    draws: int
    share: PairedShare
    """Its interval is over photos; the draws of a photo are drawn together."""
    by_draw: tuple[float, ...]
    trained_seconds: float
    """Mean of the draws, without the features."""


def plan_runs(
    recipes: Iterable[str], labels: Iterable[int], draws: int, tools: bool = False
) -> list[EffortRun]:
    """All runs, those with few labels first, so that a curve grows from its left; before them tools alone."""
    runs = [EffortRun(recipe, n, draw) for n in sorted(labels) for draw in range(draws) for recipe in recipes]
    return [EffortRun(NOTHING, 0, 0), *runs] if tools else runs


def run_effort(
    project: Project,
    settings: Settings,
    runs: Sequence[EffortRun],
    folder: Path,
    *,
    hand: Hand,
    split: str = "val",
    tools: Collection[str] = (),
    device: str = "auto",
    report: Report = lambda phase, step, steps: None,
) -> None:
    """Do what is left of the runs; each writes ``NAME.json`` into the folder when it has ended.

    The hand may use `tools` of `effort_tools.TOOLS`; painting from nothing stays painting.

    Raises
    ------
    ProjectError
        No labelled photo to learn from, or none to measure on.
    ConfigError
        Fewer labelled photos than a run asks for.
    SkinsegError
        What a training has to say.
    """
    known = project.masks.truth("train")
    truths = readable_truth(project, project.masks.truth(split))
    if not known or not truths:
        which = "training" if not known else split
        raise ProjectError(f"{project.path} has no labelled {which} photo: save or import some masks first")
    if (most := max(run.labels for run in runs)) > len(known):
        count = f"{len(known)} labelled training {'photo' if len(known) == 1 else 'photos'}"
        raise ConfigError(f"{project.path} has {count}, not {most}: give --labels up to {len(known)}")
    photos = WorkingPhotos(project, None, project_cache(project))
    desk = EffortTools(project, tools, device)
    from_nothing: dict[int, float] = {}
    for number, run in enumerate(runs):
        path = folder / f"{run.name}.json"
        if path.is_file():
            continue
        words = f"run {number + 1} of {len(runs)}: {run.recipe}, {run.labels} labels"
        predictor, about = _one_run(
            project, settings, run, folder / run.name, len(known), device, partial(_tick, report, words)
        )
        rows: list[Mended] = []
        for index, truth in enumerate(truths):
            report(f"{words}, mending", index, len(truths))
            target = to_labels(_full_truth(photos, truth))
            if truth.photo_id not in from_nothing:
                from_nothing[truth.photo_id] = hand.seconds_from_nothing(target)
            photo = photos.photo(truth.photo_id)
            suggestion = predictor.predict(photo).labels if predictor else np.zeros_like(target)
            seconds = hand.seconds(suggestion, target, desk.of(truth.photo_id, photo, predictor, suggestion))
            rows.append(
                Mended(photo=truth.photo_id, seconds=seconds, from_nothing=from_nothing[truth.photo_id])
            )
        folder.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps({**asdict(run), **about, "hand": hand.costs.name, "photos": rows}))
        shutil.rmtree(folder / run.name, ignore_errors=True)


def _tick(report: Report, words: str, progress: RoundProgress) -> None:
    report(f"{words}, {progress.phase}", progress.step, progress.steps)


def _one_run(
    project: Project,
    settings: Settings,
    run: EffortRun,
    folder: Path,
    known: int,
    device: str,
    tick: Callable[[RoundProgress], None],
) -> tuple[Predictor | None, dict[str, object]]:
    if run.recipe == NOTHING:
        return None, {"trained_seconds": 0.0}
    training = settings.training.model_copy(update={"seed": settings.training.seed + run.draw})
    trained = run_standalone(
        project,
        settings.model_copy(update={"training": training}),
        folder=folder,
        recipe=run.recipe,
        labels_fraction=min(1.0, run.labels / known),
        labels_draw=run.draw,
        tick=tick,
        device=device,
    )
    plan = trained.plan
    return predictor_of(trained, project, device), {
        "init": trained.init,
        "steps": plan.steps,
        "trained_seconds": round(trained.seconds, 2),
    }


def _full_truth(photos: WorkingPhotos, truth: Truth) -> Bytes:
    photo = photos.photo(truth.photo_id)
    return np.array(photos.target(truth.photo_id, truth.revision_id, photo.shape[:2]))


def read_points(folder: Path) -> list[EffortPoint]:
    """Gather all runs of a folder that have ended, also of earlier commands, by labels and recipe."""
    groups: dict[tuple[str, int], list[Record]] = {}
    for path in sorted(folder.glob("*.json")):
        record: Record = json.loads(path.read_text(encoding="utf-8"))
        groups.setdefault((record["recipe"], record["labels"]), []).append(record)
    return [_point(*key, groups[key]) for key in sorted(groups, key=lambda key: (key[1], key[0]))]


def _point(recipe: str, labels: int, records: list[Record]) -> EffortPoint:
    rows = [row for record in records for row in record["photos"]]
    share = paired_share(
        [row["seconds"] for row in rows],
        [row["from_nothing"] for row in rows],
        [str(row["photo"]) for row in rows],
    )
    by_draw = tuple(
        sum(row["seconds"] for row in record["photos"]) / sum(row["from_nothing"] for row in record["photos"])
        for record in records
    )
    seconds = float(np.mean([record["trained_seconds"] for record in records]))
    return EffortPoint(recipe, labels, len(records), share, by_draw, seconds)


def points_csv(points: Sequence[EffortPoint]) -> str:
    """Write the points as CSV."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["recipe", "labels", "draws", "photos", "share", "low", "high", "trained_seconds"])
    for p in points:
        numbers = [f"{value:.4f}" for value in (p.share.share, p.share.low, p.share.high)]
        lines.writerow([p.recipe, p.labels, p.draws, p.share.photos, *numbers, f"{p.trained_seconds:.1f}"])
    return text.getvalue()
