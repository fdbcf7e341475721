"""A training outside the project's history, as studies need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.features.cache import feature_cache
from trainer.inference.predictor import Predictor
from trainer.settings.plan import Lane
from trainer.training.candidate import averaged_model
from trainer.training.round_opening import RoundRequest, open_round
from trainer.training.round_setup import train

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.networks.segmenters import Segmenter
    from trainer.project.project import Project
    from trainer.recipes.base import Recipe
    from trainer.settings.model import Settings
    from trainer.settings.plan import Plan
    from trainer.training.round_context import Tick


@dataclass(frozen=True)
class Trained:
    """Result of :func:`run_standalone`."""

    plan: Plan
    network: Segmenter
    """With the averaged weights, in eval mode on the CPU."""
    recipe: Recipe
    init: str
    """Origin of the starting weights."""
    seconds: float
    """Of training alone."""
    crops_per_second: float
    curves: dict[str, list[tuple[int, float]]]
    messages: tuple[str, ...]


def run_standalone(
    project: Project,
    settings: Settings,
    *,
    folder: Path,
    recipe: str | None = None,
    init: str | None = None,
    steps: int | None = None,
    labels_fraction: float | None = None,
    labels_draw: int = 0,
    photos: frozenset[int] | None = None,
    tick: Tick | None = None,
    device: str = "auto",
) -> Trained:
    """Train as a batch round does and hand the network over, without a trace in the project's history.

    Parameters
    ----------
    folder
        For checkpoints: called again after an interruption with the same folder, it goes on. It stays.
    recipe, init, steps, labels_fraction, tick, device
        As of :func:`trainer.training.round.run_round`.
    labels_draw
        Which of many possible shares of the labels.
    photos
        Photos whose labels alone are learnt from; None: all that have some.

    Raises
    ------
    StopRound
        The tick asked for it.
    SkinsegError
        Nothing to train on, or settings that do not work here.
    """
    request = RoundRequest(Lane.BATCH, recipe, init, steps, labels_fraction, labels_draw, photos)
    opened = open_round(project, settings, request, folder, tick=tick, device=device, in_catalog=False)
    round_ = opened.context
    training, init_note = train(round_, opened.state)
    return Trained(
        round_.plan,
        averaged_model(round_, training.result).eval(),
        training.recipe,
        init_note,
        training.clock.seconds,
        training.clock.crops_per_second,
        round_.record.curves,
        tuple(round_.messages),
    )


def predictor_of(trained: Trained, project: Project, device: str) -> Predictor:
    """Return what predicts as the trained network would once it is served, with the project's features."""
    plan = trained.plan
    return Predictor(
        trained.network,
        device,
        plan.long_side,
        fit=plan.fit,
        size=plan.size,
        edges=plan.edges,
        names=project.classes.names,
        features=feature_cache(project),
    )
