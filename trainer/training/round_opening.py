"""The beginning of a training: go on with what was kept of one, or decide on a new one."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trainer.data.photo_cache import project_cache
from trainer.data.trainset import Item, keep_fraction
from trainer.engine.device import Engine
from trainer.engine.ranks import current
from trainer.errors import ConfigError, ProjectError, SkinsegError
from trainer.networks.weights import read_card
from trainer.recipes.registry import find_recipe
from trainer.settings.model import Settings
from trainer.settings.plan import QUICK_LANES, Lane
from trainer.training.checkpoints import (
    TrainingState,
    has_checkpoint,
    load_beginning,
    load_checkpoint,
    save_beginning,
)
from trainer.training.followed_round import Followed, check_batch, check_shared
from trainer.training.resolve_plan import make_plan
from trainer.training.round_context import RoundContext, Tick
from trainer.training.round_record import RoundRecord

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.project.models.models import Model
    from trainer.project.project import Project
    from trainer.recipes.base import Recipe
    from trainer.settings.plan import Plan

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RoundRequest:
    """A training as it is asked for; None leaves a choice to the settings."""

    lane: Lane
    recipe: str | None = None
    init: str | None = None
    steps: int | None = None
    labels_fraction: float | None = None
    labels_draw: int = 0
    """Number of one of the many possible shares of the labels."""
    photos: frozenset[int] | None = None
    """Photos whose labels alone are learnt from."""


@dataclass(frozen=True)
class OpenedRound:
    """A training that can start."""

    context: RoundContext
    state: TrainingState | None
    """Checkpoint to go on from; None: it starts at its first step."""
    kept: bool
    """True where its record is that of an earlier start."""


def open_round(
    project: Project,
    settings: Settings,
    request: RoundRequest,
    folder: Path,
    *,
    tick: Tick | None = None,
    device: str = "auto",
    in_catalog: bool = True,
) -> OpenedRound:
    """Start the device and fix what the training does, unless its folder says so already.

    Parameters
    ----------
    folder
        For checkpoints. What is kept there counts more than the request.
    in_catalog
        False for a training outside the project's history: it goes on with the settings given, and any recipe
        will do.

    Raises
    ------
    SkinsegError
        Nothing to train on, or settings that do not work here.
    """
    state = load_checkpoint(folder) if has_checkpoint(folder) else None
    kept = load_beginning(folder) if state is None else state["about"]
    record = None if kept is None else RoundRecord.from_dict(kept)
    if record is not None:
        check_batch(record.plan, current())
        settings = _settings_of(record, settings)
        request = replace(request, recipe=record.plan.recipe)
    training = settings.training
    method = find_recipe(request.recipe or training.recipe)
    if in_catalog and request.recipe is None and not method.serves:
        raise ConfigError(
            f"training.recipe: {method.name} makes starting weights rather than a model: choose another, "
            "and run skinseg pretrain for the weights"
        )
    engine = Engine.start(
        device,
        precision=training.precision,
        threads=training.threads or None,
        background=request.lane != "batch",
    )
    check_shared(method, engine.ranks)
    if record is None:
        record = _new_record(project, settings, request, method, engine.device_name)
        check_batch(record.plan, engine.ranks)
        if in_catalog:
            kept_settings = settings.model_dump(mode="json", exclude_unset=True)
            record = replace(record, settings=kept_settings)
            save_beginning(folder, record.to_dict())
    cache = project_cache(project, settings.photos.cache_bytes)
    context = RoundContext(
        project, settings, record, engine, folder.name, cache, folder, tick, in_catalog=in_catalog
    )
    engine.ranks.from_first(Followed.of(context))
    return OpenedRound(context, state, kept is not None)


def _settings_of(record: RoundRecord, now: Settings) -> Settings:
    """Read the settings a round began with, or those of now where it kept none that can be read."""
    if record.settings is None:
        return now
    try:
        return Settings.model_validate(record.settings)
    except ValueError:
        return now


def _new_record(
    project: Project, settings: Settings, request: RoundRequest, method: type[Recipe], device: str
) -> RoundRecord:
    items, newest = choose_labels(project, method, request)
    plan = make_plan(
        settings,
        device,
        request.lane,
        recipe=request.recipe,
        init=request.init,
        steps=request.steps,
        pretrained=project.path / "pretrained",
    )
    fresh = RoundRecord(plan, items, newest, share=request.labels_fraction)
    return _warm_start(project, fresh, settings.training.encoder == "auto")


def choose_labels(
    project: Project, recipe: type[Recipe], request: RoundRequest
) -> tuple[tuple[Item, ...], int]:
    """Choose the labelled photos a new round learns from.

    Returns
    -------
    tuple of Item, int
        The photos, newest first, and how many of them are new to the served model.

    Raises
    ------
    ProjectError
        No labels, and the recipe needs some.
    """
    truths = project.masks.truth("train", to_learn=True) if recipe.needs_labels else []
    only = request.photos
    labelled = [
        Item(t.photo_id, t.revision_id, t.group) for t in truths if only is None or t.photo_id in only
    ]
    items = keep_fraction(labelled, request.labels_fraction, request.labels_draw)
    if recipe.needs_labels and not items:
        raise ProjectError(
            f"{project.path} has no labels yet: no training photo has a mask; save some in the window, "
            "or bring them in with skinseg import"
        )
    served = project.models.served()
    quick = request.lane in QUICK_LANES
    newest = project.models.untrained_labels(served.id) if quick and served is not None else 0
    return tuple(items), min(newest, len(items))


def _warm_start(project: Project, fresh: RoundRecord, any_encoder: bool) -> RoundRecord:
    """Let a fast round go on from the served model, or the newest of its recipe beside a probe, if that fits.

    With the encoder on ``auto`` it takes that model's, whichever device that was made on.
    """
    plan: Plan = fresh.plan
    parent = _newest_of_its_kind(project, plan.recipe)
    if plan.lane != Lane.FAST or parent is None or not find_recipe(plan.recipe).goes_on:
        return fresh
    try:
        card = read_card(parent.path)
        network = card["network"]
    except SkinsegError as error:
        log.warning("cannot go on from model %s: %s", parent.id, error)
        return fresh
    if network["arch"] != plan.arch or (network["encoder"] != plan.encoder and not any_encoder):
        return fresh
    learnt = int(card.get("steps_learnt", plan.steps_full))
    warm = plan.warm(network["encoder"], learnt)
    return replace(fresh, plan=warm, parents=(parent.id,), learnt=learnt)


def _newest_of_its_kind(project: Project, recipe: str) -> Model | None:
    """Return the served model, or where that is a probe the newest one of the recipe; None: there is none."""
    served = project.models.served()
    if served is None or served.lane != Lane.PROBE or recipe == served.recipe:
        return served
    return next((model for model in project.models.all() if model.recipe == recipe), None)
