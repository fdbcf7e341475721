"""Training of one run: train, predict the test photos, keep what the scores need."""

from __future__ import annotations

import platform
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from trainer.data.photo_cache import Bytes, WorkingPhotos, project_cache
from trainer.errors import SkinsegError
from trainer.evaluation.metrics import Floats, confusion
from trainer.labels.truth import to_targets
from trainer.labels.values import IGNORE
from trainer.settings.model import Settings
from trainer.study.measures import Evidence
from trainer.study.runs import Record, RunSpec, write_run
from trainer.training.standalone import Trained, predictor_of, run_standalone

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.inference.predictor import Segmentation
    from trainer.project.project import Project
    from trainer.project.revisions import Truth
    from trainer.training.round_context import RoundProgress

KEPT_POINTS = 400
"""Points kept of each curve."""


def carry_out(
    project: Project,
    spec: RunSpec,
    folder: Path,
    *,
    device: str = "auto",
    tick: Callable[[RoundProgress], None] | None = None,
) -> None:
    """Do one run and write its files; called again after an interruption, it goes on from its checkpoint.

    Raises
    ------
    SkinsegError
        What training or the photos have to say.
    """
    started = time.perf_counter()
    settings = Settings.model_validate(spec.settings)
    checkpoints = folder / spec.name
    trained = run_standalone(
        project,
        settings,
        folder=checkpoints,
        steps=spec.steps,
        labels_fraction=spec.labels,
        labels_draw=spec.seed,
        tick=tick,
        device=device,
    )
    about = describe(spec, trained)
    if spec.pretext:
        made = trained.recipe.finish(trained.network.state_dict(), project.path / "pretrained")
        about |= {"made": str(made), "all_seconds": round(time.perf_counter() - started, 2)}
        write_run(folder, spec.name, about, None)
    else:
        truths = project.masks.truth(spec.split)
        evidence, kept = examine(project, trained, truths, spec.full_size, device)
        about["photo_ids"] = [truth.photo_id for truth in kept]
        about["groups"] = [truth.group for truth in kept]
        about["all_seconds"] = round(time.perf_counter() - started, 2)
        write_run(folder, spec.name, about, evidence)
    shutil.rmtree(checkpoints, ignore_errors=True)


def describe(spec: RunSpec, trained: Trained) -> Record:
    """Describe a run for its JSON file."""
    return {
        "arm": spec.arm,
        "labels": spec.labels,
        "seed": spec.seed,
        "split": spec.split,
        "full_size": spec.full_size,
        "pretext": spec.pretext,
        "data": spec.data,
        "settings": spec.settings,
        "plan": trained.plan.to_dict(),
        "init": trained.init,
        "seconds": round(trained.seconds, 2),
        "crops_per_second": round(trained.crops_per_second, 2),
        "curves": {name: thinned(points) for name, points in trained.curves.items()},
        "messages": list(trained.messages),
        "machine": {"torch": torch.__version__, "system": f"{platform.system()} {platform.machine()}"},
    }


def thinned(points: list[tuple[int, float]]) -> list[list[float]]:
    """Thin a curve to KEPT_POINTS, first and last among them; a value that is no number is left out."""
    finite = [[int(step), float(value)] for step, value in points if np.isfinite(value)]
    if len(finite) <= KEPT_POINTS:
        return finite
    kept = np.linspace(0, len(finite) - 1, KEPT_POINTS).round().astype(int)
    return [finite[i] for i in kept]


def examine(
    project: Project, trained: Trained, truths: list[Truth], full_size: bool, device: str
) -> tuple[Evidence, list[Truth]]:
    """Predict the test photos and compare with their masks.

    Returns
    -------
    Evidence
        Of every photo that can be read.
    list of Truth
        Those photos.
    """
    plan, classes = trained.plan, project.classes.count
    predictor = predictor_of(trained, project, device)
    photos = WorkingPhotos(project, None if full_size else plan.long_side, project_cache(project))
    matrices, present, confidence, kept = [], [], [], []
    for truth in truths:
        try:
            photo = photos.photo(truth.photo_id)
            target = photos.target(truth.photo_id, truth.revision_id, photo.shape[:2])
        except SkinsegError:
            continue
        found = predictor.predict(photo)
        matrices.append(confusion(target, to_targets(found.labels), classes))
        present.append(np.bincount(target[target != IGNORE].ravel(), minlength=classes)[:classes] > 0)
        boxed = predictor.finds_boxes
        confidence.append(predictor.class_confidence(photo) if boxed else surest_pixel(found, classes))
        kept.append(truth)
    if not kept:
        raise SkinsegError(f"{project.path}: none of the {len(truths)} test photos can be read")
    return Evidence(np.stack(matrices), np.stack(present), np.stack(confidence)), kept


def surest_pixel(found: Segmentation, classes: int) -> Floats:
    """Take the confidence of each class's surest pixel, for a model without boxes: ``(K,)``."""
    sure = np.zeros(classes)
    confidence: Bytes = found.confidence
    for index in range(classes):
        inside = found.labels == index + 1
        sure[index] = confidence[inside].max() / 255 if inside.any() else 0.0
    return sure


PROBE_STEPS = 3


def seconds_of(project: Project, spec: RunSpec, device: str) -> float:
    """Estimate the seconds of a run from a few of its steps; pretrained weights are not waited for."""
    training = {**spec.settings["training"], "init": "scratch"}
    settings = Settings.model_validate({**spec.settings, "training": training})
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        trained = run_standalone(
            project,
            settings,
            folder=Path(folder),
            steps=PROBE_STEPS,
            labels_fraction=spec.labels,
            labels_draw=spec.seed,
            device=device,
        )
        around = time.perf_counter() - started - trained.seconds
    steps = spec.steps or trained.plan.steps_full
    return around + steps * trained.seconds / PROBE_STEPS
