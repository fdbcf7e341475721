"""Runs of `skinseg simulate choose`: the photos of a project made ready, and a file for each run."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np
import torch

from trainer.atomic import write_bytes
from trainer.data.photo_cache import WorkingPhotos, project_cache
from trainer.errors import ConfigError, ProjectError
from trainer.features.cache import FeatureExtractor, feature_cache
from trainer.inference.predictor import Predictor
from trainer.networks.architectures import build_segmenter
from trainer.networks.pretrained import initialise
from trainer.settings.plan import Lane
from trainer.study.choose import ALL_LABELS, ChooseRun, Curve, Mender, learn_all, simulate
from trainer.study.choose_data import ChooseData, read_data
from trainer.study.choose_mend import SampledMender
from trainer.study.choose_probe import HEADS, WIDTH
from trainer.training.resolve_plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trainer.effort.hand import Hand
    from trainer.networks.probe import ProbeSegmenter
    from trainer.project.project import Project
    from trainer.settings.model import Settings

    Report = Callable[[str, int, int], None]
    """Called with a phase, a step and the number of steps."""


WHOLE = "whole"
"""Folder of the curves whose photos a whole probe has learnt from."""
FEWER_STEPS = 3
"""A training takes this part of the steps of a round: reduced features are learnt at a higher rate."""


@dataclass(frozen=True)
class ChooseStudy:
    """One comparison of strategies.

    Attributes
    ----------
    strategies
        Their names.
    seeds
        Curves of each.
    budgets
        Numbers of labels at which the model is measured, ascending.
    batch
        Photos chosen at a time.
    pool_share
        Part of the training photos that one curve may choose from, 0 to 1.
    mended
        So many curves of each are measured in seconds too, by a few photos of every batch.
    """

    strategies: tuple[str, ...]
    seeds: int
    budgets: tuple[int, ...]
    batch: int
    pool_share: float
    mended: int

    def runs(self) -> list[ChooseRun]:
        """All runs, first those with all labels, then one seed of every strategy after another."""
        return [
            ChooseRun(strategy, seed)
            for seed in range(self.seeds)
            for strategy in (ALL_LABELS, *self.strategies)
        ]

    def folder_name(self, project: Project, hand: Hand, settings: Settings) -> str:
        """Name of the folder that keeps runs of other masks, budgets and settings apart."""
        masks = sorted(t.revision_id for split in ("train", "val") for t in project.masks.truth(split))
        probe = settings.probe.model_dump_json()
        what = repr((self.budgets, self.batch, self.pool_share, self.mended, hand.costs.name, probe, masks))
        return f"choose-{hashlib.sha256(what.encode()).hexdigest()[:8]}"


def run_study(
    project: Project,
    settings: Settings,
    study: ChooseStudy,
    folder: Path,
    *,
    hand: Hand,
    report: Report = lambda phase, step, steps: None,
) -> None:
    """Do what is left of the runs; each writes ``NAME.npz`` into the folder when it has ended.

    Raises
    ------
    ProjectError
        No labelled photo to choose from, or none to measure on.
    ConfigError
        The smallest budget is more than there is, or a backbone whose weights are not at hand.
    """
    waiting = [run for run in study.runs() if not (folder / f"{run.name}.npz").is_file()]
    if not waiting:
        return
    torch.set_num_threads(1)  # the networks are so small that threads get in each other's way
    data, mend = prepare(project, settings, study, hand, report)
    if study.budgets[0] > len(data.pool):
        raise ConfigError(
            f"{project.path} has {len(data.pool)} labelled training photos to choose from, not "
            f"{study.budgets[0]}: give smaller --budgets"
        )
    steps = max(1, settings.probe.steps_heads // FEWER_STEPS)
    folder.mkdir(parents=True, exist_ok=True)
    for number, run in enumerate(waiting):
        if (folder / f"{run.name}.npz").is_file():  # by another process meanwhile
            continue
        tick = partial(report, f"run {number + 1} of {len(waiting)}: {run.strategy}, seed {run.seed}")
        tick(0, study.budgets[-1])
        if run.strategy == ALL_LABELS:
            curve = learn_all(data, project.classes, run.seed, steps)
        else:
            curve = simulate(
                data,
                project.classes,
                run,
                study.budgets,
                batch=study.batch,
                pool_share=study.pool_share,
                steps=steps,
                mend=mend if run.seed < study.mended else None,
                tick=lambda labels, tick=tick: tick(labels, study.budgets[-1]),  # type: ignore[misc]
            )
        write_curve(folder / f"{run.name}.npz", curve)


def prepare(
    project: Project, settings: Settings, study: ChooseStudy, hand: Hand, report: Report
) -> tuple[ChooseData, Mender | None]:
    """Read the features of all labelled photos, through the project's cache."""
    pool, judges = project.masks.truth("train"), project.masks.truth("val")
    for truths, which in ((pool, "training"), (judges, "validation")):
        if not truths:
            raise ProjectError(
                f"{project.path} has no labelled {which} photo: save or import some masks first"
            )
    pretrained = project.path / "pretrained"
    plan = make_plan(settings, "cpu", Lane.BATCH, recipe="probe", pretrained=pretrained)
    network = {**plan.network, "heads": HEADS, "width": WIDTH}
    segmenter = build_segmenter(plan.arch, plan.encoder, project.classes.count, **network)
    initialise(segmenter, plan.init, pretrained, plan.allow_licence)
    segmenter.eval()
    probe = cast("ProbeSegmenter", segmenter)
    cache = feature_cache(project, settings.probe.cache_bytes)
    photos = WorkingPhotos(project, plan.long_side, project_cache(project))
    data = read_data(photos, FeatureExtractor(probe, cache), pool, judges, partial(report, "features"))
    if not study.mended:
        return data, None
    predictor = Predictor(
        probe,
        "cpu",
        plan.long_side,
        fit=plan.fit,
        size=plan.size,
        edges=plan.edges,
        names=project.classes.names,
        features=cache,
    )
    return data, SampledMender(data, photos, predictor, probe.network, hand)


def write_curve(path: Path, curve: Curve) -> None:
    """Write one run, whole or not at all."""
    content = io.BytesIO()
    np.savez_compressed(
        content,
        labels=curve.labels,
        seconds=curve.seconds,
        matrices=curve.matrices.astype(np.int32),
        chosen=curve.chosen,
        groups=curve.groups,
    )
    write_bytes(path, content.getvalue())


def read_curves(folder: Path) -> dict[str, list[Curve]]:
    """Read all runs of a folder, also of earlier commands, by strategy, seeds in order."""
    found: dict[str, list[tuple[int, Curve]]] = {}
    for path in folder.glob("*.npz"):
        name, _, seed = path.stem.rpartition("-")
        with np.load(path, allow_pickle=False) as file:
            curve = Curve(
                file["labels"],
                file["seconds"],
                file["matrices"].astype(np.int64),
                file["chosen"],
                file["groups"],
            )
        found.setdefault(name, []).append((int(seed), curve))
    return {
        name: [curve for _, curve in sorted(runs, key=lambda pair: pair[0])]
        for name, runs in sorted(found.items())
    }
