"""A training outside the project's history, as studies need it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.data.photo_cache import project_cache
from trainer.engine.device import Engine
from trainer.networks.segmenters import Segmenter
from trainer.recipes.base import Recipe
from trainer.recipes.registry import find_recipe
from trainer.settings.model import Settings
from trainer.settings.plan import Lane, Plan
from trainer.training.candidate import averaged_model
from trainer.training.checkpoints import has_checkpoint, load_checkpoint
from trainer.training.resolve_plan import make_plan
from trainer.training.round_context import RoundContext, Tick
from trainer.training.round_setup import choose_data, train

if TYPE_CHECKING:
    from trainer.project.project import Project


@dataclass(frozen=True)
class Trained:
    """What :func:`train_once` made."""

    plan: Plan
    network: Segmenter
    """With the averaged weights, in eval mode on the CPU."""
    recipe: Recipe
    init: str
    """Where the starting weights came from."""
    seconds: float
    """Of training alone."""
    crops_per_second: float
    curves: dict[str, list[tuple[int, float]]]
    messages: tuple[str, ...]


def train_once(
    project: Project,
    settings: Settings,
    *,
    folder: Path,
    recipe: str | None = None,
    init: str | None = None,
    steps: int | None = None,
    labels_fraction: float | None = None,
    labels_draw: int = 0,
    tick: Tick | None = None,
    device: str = "auto",
) -> Trained:
    """Train as a batch round does and hand the network over; the project's history knows nothing of it.

    Parameters
    ----------
    folder
        For checkpoints: called again after an interruption with the same folder, it goes on. It stays.
    recipe, init, steps, labels_fraction, tick, device
        As of :func:`trainer.training.round.run_round`.
    labels_draw
        Which of many possible shares of the labels.

    Raises
    ------
    StopRound
        The tick asked for it.
    SkinsegError
        Nothing to train on, or settings that do not work here.
    """
    training = settings.training
    engine = Engine.start(device, precision=training.precision, threads=training.threads or None)
    state = load_checkpoint(folder) if has_checkpoint(folder) else None
    if state is not None:
        about = state["about"]
    else:
        method = find_recipe(recipe or training.recipe)
        about = choose_data(project, method, Lane.BATCH, labels_fraction, labels_draw)
        plan = make_plan(
            settings,
            engine.device_name,
            Lane.BATCH,
            recipe=recipe,
            init=init,
            steps=steps,
            pretrained=project.path / "pretrained",
        )
        about |= {"plan": plan.to_dict(), "parents": [], "learnt": 0, "messages": [], "curves": {}}
    plan = Plan.from_dict(about["plan"])
    cache = project_cache(project, settings.photos.cache_bytes)
    round_ = RoundContext(
        project,
        settings,
        plan,
        engine,
        folder.name,
        cache,
        folder,
        tick,
        about["messages"],
        in_catalog=False,
        curves=about["curves"],
    )
    done, init_note = train(round_, about, state)
    return Trained(
        plan,
        averaged_model(round_, done.result).eval(),
        done.recipe,
        init_note,
        done.clock.seconds,
        done.clock.crops_per_second,
        round_.curves,
        tuple(round_.messages),
    )
