"""One round of training: from the labels there are to a model that is served, or kept with a reason.

A round may be killed at any moment: `run_round` with its id goes on from the last checkpoint and ends with
the very same weights (on a CPU to the bit). One without a checkpoint begins again as it was asked for.
"""

from __future__ import annotations

import secrets
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.errors import ProcessLostError, SkinsegError, UnreachableError
from trainer.project.states import RoundState
from trainer.recipes.probe import ProbeRecipe
from trainer.recipes.registry import find_recipe
from trainer.settings.plan import Lane
from trainer.training.average import serve_average
from trainer.training.candidate import measure_candidate, still_wanted
from trainer.training.publish import publish_model
from trainer.training.round_context import RoundContext, RoundProgress, StopRound, Tick
from trainer.training.round_opening import OpenedRound, RoundRequest, open_round
from trainer.training.round_setup import train

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trainer.project.project import Project
    from trainer.settings.model import Settings
    from trainer.training.loop import Training
    from trainer.training.promotion import GateDecision

__all__ = ["RoundProgress", "RoundResult", "StopRound", "run_round"]


@dataclass(frozen=True)
class RoundResult:
    """Result of a round."""

    round_id: str
    model_id: str
    """Empty where the result is starting weights."""
    recipe: str
    init: str
    lane: Lane
    steps: int
    seconds: float
    """Of training alone."""
    photos_per_second: float
    served: bool
    provisional: bool
    why: str
    val: Mapping[str, object]
    """``dice9``, ``dice8``, ``dice2`` and ``per_class`` on the validation truth; None where there is none."""
    messages: tuple[str, ...] = ()
    weights: Path | None = None
    """The file, where the result is starting weights."""

    def to_json(self) -> dict[str, object]:
        """Return the fields that ``skinseg retrain --json`` prints."""
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
    lane: Lane = Lane.FULL,
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
        ``fast`` goes on from the served model, where there is one; ``full`` and ``batch`` start afresh,
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
    request = RoundRequest(lane, recipe, init, steps, labels_fraction)
    folder = project.path / "rounds" / (round_id or _new_round_id())
    opened = open_round(project, settings, request, folder, tick=tick, device=device)
    round_ = opened.context
    project.trainer.start_round(round_.id, round_.plan.lane, round_.plan.recipe)
    if opened.state is None:
        _say_first(round_, again=round_id is not None, kept=opened.kept)
    try:
        return _run(opened)
    except (StopRound, UnreachableError, ProcessLostError):  # it goes on once that is over
        raise
    except Exception as error:
        why = str(error) if isinstance(error, SkinsegError) else f"{type(error).__name__}: {error}"
        project.trainer.finish_round(round_.id, RoundState.FAILED, why=why)
        raise


def _new_round_id() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def _say_first(round_: RoundContext, again: bool, kept: bool) -> None:
    """Tell people about a round at its first step."""
    plan = round_.plan
    if again and kept:
        round_.say(f"going on from the start as it began: {plan.recipe}, {plan.steps} steps")
    elif again:
        round_.say("nothing was kept of the interrupted round: it starts anew with the settings of now")
    if not find_recipe(plan.recipe).needs_labels:
        return
    _name_the_broken(round_)
    if (round_.record.share or 1) < 1:
        count = len(round_.record.items)
        round_.say(f"learning from {count} labelled {'photo' if count == 1 else 'photos'}")


def _name_the_broken(round_: RoundContext, most: int = 20) -> None:
    """Say which photos with masks are not learnt from because they could not be read."""
    project = round_.project
    broken = [project.photos.get(truth.photo_id) for truth in project.masks.truth_of_broken("train")]
    for known in broken[:most]:
        round_.say(f"left out of training: {known.path}: {known.reason or 'cannot be read'}")
    if len(broken) > most:
        round_.say(f"left out of training: {len(broken) - most} more photos that cannot be read")


def _run(opened: OpenedRound) -> RoundResult:
    round_ = opened.context
    training, init_note = train(round_, opened.state)
    if not training.recipe.serves:
        return _finish_pretraining(round_, training)
    candidate = measure_candidate(round_, training.result)
    models = round_.project.models
    served_before = models.served()
    candidate = still_wanted(candidate, served_before)
    model_id = publish_model(round_, training, candidate, init_note)
    serve_average(round_, models.get(model_id), served_before)
    # only now: a round killed while it is validated goes on from its last checkpoint
    shutil.rmtree(round_.folder, ignore_errors=True)
    val = candidate.evaluation.headline()
    return _result(round_, training, candidate.decision.why, model_id, candidate.decision, val)


def _finish_pretraining(round_: RoundContext, training: Training) -> RoundResult:
    """End a round whose result is starting weights: no model, no gate."""
    path = training.recipe.finish(training.ema.weights, round_.project.path / "pretrained", round_.say)
    why = f"starting weights for {round_.plan.encoder}: {path}"
    round_.project.trainer.finish_round(round_.id, RoundState.DONE, why=why)
    shutil.rmtree(round_.folder, ignore_errors=True)
    return _result(round_, training, why, weights=path)


def _result(
    round_: RoundContext,
    training: Training,
    why: str,
    model_id: str = "",
    decision: GateDecision | None = None,
    val: Mapping[str, object] | None = None,
    weights: Path | None = None,
) -> RoundResult:
    plan, clock = round_.plan, training.clock
    rate = clock.crops_per_second
    if plan.recipe == ProbeRecipe.name:  # it sees pixels, of all photos at once
        rate = len(round_.record.items) / max(clock.seconds, 1e-6)
    return RoundResult(
        round_id=round_.id,
        model_id=model_id,
        recipe=plan.recipe,
        init=plan.init,
        lane=plan.lane,
        steps=training.steps,
        seconds=clock.seconds,
        photos_per_second=rate,
        served=decision is not None and decision.promote,
        provisional=decision is not None and decision.provisional,
        why=why,
        val=val or {},
        messages=tuple(round_.messages),
        weights=weights,
    )
