"""One round of training: from the labels there are to a model that is served, or kept with a reason.

A round may be killed at any moment: `run_round` with its id goes on from the last checkpoint and ends with
the very same weights (on a CPU to the bit).
"""

from __future__ import annotations

import logging
import secrets
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.checkpoints import has_checkpoint, load_checkpoint
from trainer.data import Item, LabelledCrops, Loader, TrainSet, UnlabelledCrops, keep_fraction
from trainer.decoded import WorkingPhotos, project_cache
from trainer.engine import Engine, loader_threads, seed_everything
from trainer.gate import judge, store_model
from trainer.networks import build_segmenter, set_dropout
from trainer.plan import Lane, Plan, make_plan
from trainer.project.errors import ProjectError, SkinsegError
from trainer.project.exchange import truth_of_broken
from trainer.recipes import Recipe, find_recipe
from trainer.round_context import RoundContext, RoundProgress, StopRound, Tick
from trainer.settings import Settings
from trainer.training import Hooks, Training
from trainer.weights import initialise, load_model, read_card

if TYPE_CHECKING:
    from trainer.project import Project

__all__ = ["RoundProgress", "RoundResult", "StopRound", "run_round"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RoundResult:
    """What came of a round."""

    round_id: str
    model_id: str
    recipe: str
    init: str
    lane: str
    steps: int
    seconds: float
    """Of training alone."""
    photos_per_second: float
    served: bool
    provisional: bool
    why: str
    val: dict[str, Any]
    """``dice9``, ``dice8``, ``dice2`` and ``per_class`` on the validation truth; None where there is none."""
    messages: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The fields that ``skinseg retrain --json`` prints."""
        names = (
            "recipe",
            "init",
            "steps",
            "seconds",
            "photos_per_second",
            "served",
            "why",
            "val",
            "messages",
        )
        return {"model": self.model_id, **{name: getattr(self, name) for name in names}}


def run_round(
    project: Project,
    settings: Settings,
    *,
    lane: Lane = "full",
    recipe: str | None = None,
    init: str | None = None,
    steps: int | None = None,
    labels_fraction: float | None = None,
    round_id: str | None = None,
    tick: Tick | None = None,
    device: str = "auto",
) -> RoundResult:
    """Train, validate, decide, store.

    Parameters
    ----------
    lane
        ``fast`` goes on from the served model, where there is one; ``full`` and ``batch`` start anew,
        ``batch`` with all processor cores.
    recipe, init, steps
        Take the place of the settings.
    labels_fraction
        Use this share of the labelled groups; smaller shares are parts of larger ones.
    round_id
        Of an interrupted round to go on with. One that never wrote a checkpoint starts again.
    tick
        Called before every step and validation photo; raises :class:`StopRound` to end the round.
    device
        ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises
    ------
    StopRound
        The tick asked for it; the round can be resumed.
    SkinsegError
        Nothing to train on, or settings that do not work here.
    """
    training = settings.training
    threads = training.threads or None
    method = find_recipe(recipe or training.recipe)
    engine = Engine.start(device, precision=training.precision, threads=threads, background=lane != "batch")
    folder = project.path / "rounds" / (round_id or _new_round_id())
    state = load_checkpoint(folder) if has_checkpoint(folder) else None
    if state is not None:
        about = state["about"]
    else:
        about = choose_data(project, method, lane, labels_fraction)
        plan = make_plan(training, engine.device_name, lane, recipe=recipe, init=init, steps=steps)
        about |= _start_from(project, plan, training.encoder == "auto") | {"messages": []}
    plan = Plan.from_dict(about["plan"])
    cache = project_cache(project, settings.photos.cache_bytes)
    round_ = RoundContext(project, settings, plan, engine, folder.name, cache, tick, about["messages"])
    project.start_round(round_.id, plan.lane, plan.recipe)
    if state is None and method.needs_labels:
        _name_the_broken(round_)
    try:
        return _run(round_, about, state)
    except StopRound:
        raise
    except Exception as error:
        why = str(error) if isinstance(error, SkinsegError) else f"{type(error).__name__}: {error}"
        project.finish_round(round_.id, "failed", why=why)
        raise


def _new_round_id() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def choose_data(
    project: Project, recipe: type[Recipe], lane: Lane, fraction: float | None = None
) -> dict[str, Any]:
    """What a new round learns from, as plain values that its checkpoints keep.

    Raises
    ------
    ProjectError
        No labels, and the recipe needs some.
    """
    truths = project.truth("train") if recipe.needs_labels else []
    items = keep_fraction([Item(t.photo_id, t.revision_id, t.group) for t in truths], fraction)
    if recipe.needs_labels and not items:
        raise ProjectError(
            f"{project.path} has no labels yet: no training photo has a mask; save some in the window, "
            "or bring them in with skinseg import"
        )
    served = project.served()
    newest = project.untrained_labels(served.id) if lane == "fast" and served is not None else 0
    return {
        "items": [[item.photo_id, item.revision_id, item.group] for item in items],
        "newest": min(newest, len(items)),
    }


def _name_the_broken(round_: RoundContext, most: int = 20) -> None:
    """Say which photos with masks are not learnt from because they could not be read."""
    project = round_.project
    broken = [project.photo(truth.photo_id) for truth in truth_of_broken(project, "train")]
    for known in broken[:most]:
        round_.say(f"left out of training: {known.path}: {known.reason or 'cannot be read'}")
    if len(broken) > most:
        round_.say(f"left out of training: {len(broken) - most} more photos that cannot be read")


def _start_from(project: Project, plan: Plan, any_encoder: bool) -> dict[str, Any]:
    """Plan and parents: a fast round goes on from the served model if its network is the one asked for.

    With the encoder on ``auto`` a fast round takes the served model's, whichever device that was made on.
    """
    served = project.served()
    fresh = {"plan": plan.to_dict(), "parents": [], "learnt": 0}
    if plan.lane != "fast" or served is None:
        return fresh
    try:
        card = read_card(served.path)
        network = card["network"]
    except SkinsegError as error:
        log.warning("cannot go on from the served model: %s", error)
        return fresh
    if network["arch"] != plan.arch or (network["encoder"] != plan.encoder and not any_encoder):
        return fresh
    learnt = int(card.get("steps_learnt", plan.steps_full))
    warm = plan.warm(network["encoder"], learnt)
    return {"plan": warm.to_dict(), "parents": [served.id], "learnt": learnt}


def _run(round_: RoundContext, about: dict[str, Any], state: dict[str, Any] | None) -> RoundResult:
    seed_everything(round_.plan.seed)
    recipe, init_note = _make_recipe(round_, about["parents"])
    training = _make_training(round_, recipe, about)
    try:
        if state is not None:
            training.restore(state)
            round_.say(f"going on at step {training.step} of {training.steps}")
        training.run()
    finally:
        training.close()
    verdict = judge(round_, training.ema.weights)
    model_id = store_model(round_, training, verdict, about, init_note)
    shutil.rmtree(round_.project.path / "rounds" / round_.id, ignore_errors=True)
    return RoundResult(
        round_id=round_.id,
        model_id=model_id,
        recipe=round_.plan.recipe,
        init=round_.plan.init,
        lane=round_.plan.lane,
        steps=training.steps,
        seconds=training.clock.seconds,
        photos_per_second=training.clock.crops_per_second,
        served=verdict.decision.promote,
        provisional=verdict.decision.provisional,
        why=verdict.decision.why,
        val=verdict.evaluation.headline(),
        messages=tuple(round_.messages),
    )


def _make_recipe(round_: RoundContext, parents: list[str]) -> tuple[Recipe, str]:
    """The recipe with its starting weights on the device, and where those come from."""
    project, plan = round_.project, round_.plan
    if parents:
        segmenter, _ = load_model(project.model(parents[0]).path)
        segmenter.train()
        note = f"model {parents[0]}"
    else:
        segmenter = build_segmenter(plan.arch, plan.encoder, project.classes.count)
        note = initialise(segmenter, plan.init, project.path / "pretrained")
        if plan.init != "scratch":
            round_.say(f"starting from {note}")
    set_dropout(segmenter, plan.dropout)
    return find_recipe(plan.recipe)(project.classes, plan, round_.engine, segmenter), note


def _make_training(round_: RoundContext, recipe: Recipe, about: dict[str, Any]) -> Training:
    """Streams of crops and the loop over them."""
    project, engine, plan = round_.project, round_.engine, round_.plan
    photos = WorkingPhotos(project, plan.long_side, round_.cache)
    crops = recipe.crop_plan()
    workers = loader_threads(engine)
    first_slot = engine.fabric.global_rank * crops.batch

    def stream(source: LabelledCrops | UnlabelledCrops) -> Loader:
        return Loader(source, crops.batch, engine.device, workers, first_slot)

    items = [Item(*item) for item in about["items"]]
    labelled: LabelledCrops | UnlabelledCrops
    if recipe.needs_labels:
        train = TrainSet(
            photos,
            items,
            project.classes.count,
            about["newest"],
            tick=lambda index: round_.report("prepare", index, len(items)),
        )
        for why in train.dropped.values():
            round_.say(f"left out of training: {why}")
        labelled = LabelledCrops(train, crops)
    else:
        labelled = UnlabelledCrops(photos, np.asarray(project.photo_ids("train"), np.int64), crops)
    unlabelled = None
    if recipe.wants_unlabelled:
        pool = np.asarray(project.photo_ids("train", labelled=False), np.int64)
        if len(pool):
            unlabelled = stream(UnlabelledCrops(photos, pool, crops))
        else:
            round_.say("there are no unlabelled photos: training on the labelled ones alone")
    return Training(
        recipe,
        engine,
        stream(labelled),
        unlabelled,
        folder=project.path / "rounds" / round_.id,
        every=round_.settings.service.checkpoint_seconds,
        hooks=Hooks(
            tick=lambda step, left: round_.report("train", step, plan.steps, left),
            plot=lambda step, values: project.log_curve(round_.id, step, values),
            say=round_.say,
        ),
        about=about,
    )
