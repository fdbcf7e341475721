"""One round of training: from the labels there are to a model that is served, or kept with a reason.

A round may be killed at any moment: `run_round` with its id goes on from the last checkpoint and ends with
the very same weights (on a CPU to the bit). One without a checkpoint begins again as it was asked for.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.data.photo_cache import project_cache
from trainer.engine.device import Engine
from trainer.errors import ConfigError, SkinsegError
from trainer.networks.weights import read_card
from trainer.project.import_export.exchange import truth_of_broken
from trainer.recipes.registry import find_recipe
from trainer.settings.model import Settings
from trainer.settings.plan import Lane, Plan
from trainer.training.candidate import judge, store_model
from trainer.training.checkpoints import has_checkpoint, load_beginning, load_checkpoint, save_beginning
from trainer.training.loop import Training
from trainer.training.resolve_plan import make_plan
from trainer.training.round_context import RoundContext, RoundProgress, StopRound, Tick
from trainer.training.round_setup import choose_data, train

if TYPE_CHECKING:
    from trainer.project.project import Project

__all__ = ["RoundProgress", "RoundResult", "StopRound", "run_round"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RoundResult:
    """What came of a round."""

    round_id: str
    model_id: str
    """Empty where the result is starting weights."""
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
    weights: Path | None = None
    """The file, where the result is starting weights."""

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
        return {"model": self.model_id or None, **{name: getattr(self, name) for name in names}}


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
        Of an interrupted round to go on with. It goes on as it began: settings, recipe, init, steps and
        labels_fraction are those of then. One of which nothing was kept starts again with those of now.
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
    folder = project.path / "rounds" / (round_id or _new_round_id())
    state = load_checkpoint(folder) if has_checkpoint(folder) else None
    begun = load_beginning(folder) if state is None else state["about"]
    if begun is not None:
        settings, recipe = _settings_of(begun, settings), begun["plan"]["recipe"]
    training = settings.training
    threads = training.threads or None
    method = find_recipe(recipe or training.recipe)
    if recipe is None and not method.serves:
        raise ConfigError(
            f"training.recipe: {method.name} makes starting weights rather than a model: choose another, "
            "and run skinseg pretrain for the weights"
        )
    engine = Engine.start(device, precision=training.precision, threads=threads, background=lane != "batch")
    if begun is not None:
        about = begun
    else:
        about = choose_data(project, method, lane, labels_fraction)
        plan = make_plan(
            settings,
            engine.device_name,
            lane,
            recipe=recipe,
            init=init,
            steps=steps,
            pretrained=project.path / "pretrained",
        )
        about |= _start_from(project, plan, training.encoder == "auto") | {"messages": []}
        about |= {"share": labels_fraction, "settings": settings.model_dump(mode="json", exclude_unset=True)}
        save_beginning(folder, about)
    plan = Plan.from_dict(about["plan"])
    cache = project_cache(project, settings.photos.cache_bytes)
    round_ = RoundContext(
        project, settings, plan, engine, folder.name, cache, folder, tick, about["messages"]
    )
    project.trainer.start_round(round_.id, plan.lane, plan.recipe)
    if state is None:
        _say_first(round_, about, again=round_id is not None, kept=begun is not None)
    try:
        return _run(round_, about, state)
    except StopRound:
        raise
    except Exception as error:
        why = str(error) if isinstance(error, SkinsegError) else f"{type(error).__name__}: {error}"
        project.trainer.finish_round(round_.id, "failed", why=why)
        raise


def _new_round_id() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def _settings_of(about: dict[str, Any], now: Settings) -> Settings:
    """The settings a round began with, or those of now where another version of the program kept them."""
    try:
        return Settings.model_validate(about["settings"])
    except (KeyError, ValueError):
        return now


def _say_first(round_: RoundContext, about: dict[str, Any], again: bool, kept: bool) -> None:
    """What is to be known of a round at its first step."""
    plan = round_.plan
    if again and kept:
        round_.say(f"going on from the start as it began: {plan.recipe}, {plan.steps} steps")
    elif again:
        round_.say("nothing was kept of the interrupted round: it starts anew with the settings of now")
    if not find_recipe(plan.recipe).needs_labels:
        return
    _name_the_broken(round_)
    if (about.get("share") or 1) < 1:
        count = len(about["items"])
        round_.say(f"learning from {count} labelled {'photo' if count == 1 else 'photos'}")


def _name_the_broken(round_: RoundContext, most: int = 20) -> None:
    """Say which photos with masks are not learnt from because they could not be read."""
    project = round_.project
    broken = [project.photos.get(truth.photo_id) for truth in truth_of_broken(project, "train")]
    for known in broken[:most]:
        round_.say(f"left out of training: {known.path}: {known.reason or 'cannot be read'}")
    if len(broken) > most:
        round_.say(f"left out of training: {len(broken) - most} more photos that cannot be read")


def _start_from(project: Project, plan: Plan, any_encoder: bool) -> dict[str, Any]:
    """Plan and parents: a fast round goes on from the served model if its network is the one asked for.

    With the encoder on ``auto`` a fast round takes the served model's, whichever device that was made on.
    """
    served = project.models.served()
    fresh = {"plan": plan.to_dict(), "parents": [], "learnt": 0}
    if plan.lane != "fast" or served is None or not find_recipe(plan.recipe).goes_on:
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
    training, init_note = train(round_, about, state)
    if not training.recipe.serves:
        return _pretrained(round_, training)
    verdict = judge(round_, training.result)
    model_id = store_model(round_, training, verdict, about, init_note)
    shutil.rmtree(round_.folder, ignore_errors=True)
    decision = verdict.decision
    return _result(
        round_,
        training,
        model_id=model_id,
        served=decision.promote,
        provisional=decision.provisional,
        why=decision.why,
        val=verdict.evaluation.headline(),
    )


def _pretrained(round_: RoundContext, training: Training) -> RoundResult:
    """The end of a round whose result is starting weights: no model, no gate."""
    path = training.recipe.finish(training.ema.weights, round_.project.path / "pretrained", round_.say)
    why = f"starting weights for {round_.plan.encoder}: {path}"
    round_.project.trainer.finish_round(round_.id, "done", why=why)
    shutil.rmtree(round_.folder, ignore_errors=True)
    return _result(
        round_, training, model_id="", served=False, provisional=False, why=why, val={}, weights=path
    )


def _result(round_: RoundContext, training: Training, **outcome: Any) -> RoundResult:
    plan = round_.plan
    return RoundResult(
        round_id=round_.id,
        recipe=plan.recipe,
        init=plan.init,
        lane=plan.lane,
        steps=training.steps,
        seconds=training.clock.seconds,
        photos_per_second=training.clock.crops_per_second,
        messages=tuple(round_.messages),
        **outcome,
    )
