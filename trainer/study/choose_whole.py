"""Whole probes that learn from the photos of learning curves, in place of a simulation's small heads."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from trainer.data.photo_cache import WorkingPhotos, project_cache
from trainer.evaluation.validation import readable_truth, working_matrices
from trainer.features.cache import feature_cache
from trainer.inference.predictor import Predictor
from trainer.study.choose_runs import WHOLE, read_curves, write_curve
from trainer.training.standalone import run_standalone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from trainer.evaluation.metrics import Counts
    from trainer.project.project import Project
    from trainer.project.revisions import Truth
    from trainer.settings.model import Settings
    from trainer.study.choose import Curve
    from trainer.study.choose_runs import Report


def measure_whole(
    project: Project,
    settings: Settings,
    folder: Path,
    seeds: int,
    *,
    report: Report = lambda phase, step, steps: None,
) -> None:
    """Teach a whole probe the first photos of each curve, as many as it was measured at, and measure that.

    The photos are those that the small heads of the simulation led to; the seconds are theirs too. Each curve
    is a file in a folder of its own below that of the simulation, so that the same call goes on.

    Parameters
    ----------
    folder
        Of a simulation that has ended.
    seeds
        So many curves of each strategy.

    Raises
    ------
    SkinsegError
        A mask that the curves were made of cannot be read any more.
    """
    waiting = [
        (folder / WHOLE / f"{name}-{seed}.npz", curve, seed)
        for name, curves in read_curves(folder).items()
        for seed, curve in enumerate(curves[:seeds])
    ]
    waiting = [run for run in waiting if not run[0].is_file()]
    (folder / WHOLE).mkdir(exist_ok=True)
    for number, (path, curve, seed) in enumerate(waiting):
        tick = partial(report, f"whole probe {number + 1} of {len(waiting)}: {path.stem}")
        write_curve(path, _measured(project, settings, curve, seed, path.with_suffix(""), tick))


def _measured(
    project: Project,
    settings: Settings,
    curve: Curve,
    seed: int,
    folder: Path,
    tick: Callable[[int, int], None],
) -> Curve:
    """Return the curve with the matrices of whole probes."""
    training = settings.training.model_copy(update={"seed": settings.training.seed + seed})
    own = settings.model_copy(update={"training": training})
    truths = readable_truth(project, project.masks.truth("val"))
    found = []
    for index, count in enumerate(curve.labels):
        tick(index, len(curve.labels))
        found.append(_matrices(project, own, frozenset(curve.chosen[:count].tolist()), truths, folder))
    return replace(
        curve, matrices=np.stack(found), groups=np.array([truth.group for truth in truths], np.str_)
    )


def _matrices(
    project: Project, settings: Settings, photo_ids: frozenset[int], truths: Sequence[Truth], folder: Path
) -> Counts:
    """Confusion matrices ``(P, K, K)`` of some photos by a probe that knows others, without edges."""
    # each number of photos has a folder of its own: an interrupted training goes on with its own photos
    own = folder.with_name(f"{folder.name}-{len(photo_ids)}")
    trained = run_standalone(project, settings, folder=own, recipe="probe", photos=photo_ids, device="cpu")
    shutil.rmtree(own, ignore_errors=True)
    plan, features = trained.plan, feature_cache(project)
    predictor = Predictor(
        trained.network, "cpu", plan.long_side, fit=plan.fit, size=plan.size, features=features
    )
    photos = WorkingPhotos(project, plan.long_side, project_cache(project))
    return working_matrices(project, photos, truths, predictor)
