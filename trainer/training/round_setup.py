"""The parts of a training: the recipe with its weights, its streams of crops, and the loop over them."""

from __future__ import annotations

import io
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from trainer.atomic import replacing
from trainer.data.crops import AllCrops, LabelledCrops, UnlabelledCrops
from trainer.data.loader import Loader
from trainer.data.photo_cache import WorkingPhotos
from trainer.data.trainset import TrainSet
from trainer.engine.device import loader_threads, one_thread, seed_everything
from trainer.errors import SkinsegError
from trainer.evaluation.validation import readable_truth
from trainer.inference.predictor import Predictor
from trainer.networks.architectures import build_segmenter
from trainer.networks.pretrained import initialise
from trainer.networks.segmenters import set_dropout
from trainer.networks.weights import load_matching, load_model, read_weights
from trainer.project.files.filesystem import storage_errors
from trainer.recipes.registry import find_recipe
from trainer.settings.plan import Lane
from trainer.training.epochs import Epochs, EpochScore, measure_epoch, probability_map
from trainer.training.hooks import Hooks
from trainer.training.loop import Training

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from trainer.data.loader import Batches
    from trainer.recipes.base import Recipe
    from trainer.training.checkpoints import TrainingState
    from trainer.training.round_context import RoundContext

LATE = 2**62 - 1
"""A step that no round reaches; every recipe of photos without masks uses them by then."""


def make_recipe(round_: RoundContext) -> tuple[Recipe, str]:
    """Put the recipe with its starting weights on the device, and say where those come from."""
    project, plan, parents = round_.project, round_.plan, round_.record.parents
    method = find_recipe(plan.recipe)
    if parents:
        segmenter, _ = load_model(project.models.get(parents[0]).path)
        segmenter.train()
        note = f"model {parents[0]}"
    else:
        segmenter = build_segmenter(plan.arch, plan.encoder, method.outputs(project.classes), **plan.network)
        note = initialise(segmenter, plan.init, project.path / "pretrained", plan.allow_licence)
        if plan.init_note:
            round_.say(plan.init_note)
    if round_.plan.lane != Lane.PROBE:  # it would say so after every mask
        round_.say(f"starting from {note}")
    set_dropout(segmenter, plan.dropout)
    recipe = method(project.classes, plan, round_.engine, segmenter)
    if parents:
        _take_over_companions(recipe, project.models.get(parents[0]).path)
    return recipe, note


def _take_over_companions(recipe: Recipe, folder: Path) -> None:
    """Go on with the networks stored beside a served one, where they fit."""
    for name, network in recipe.companions().items():
        path = folder / f"{name}.safetensors"
        if path.is_file():
            load_matching(network, read_weights(path))


def make_training(round_: RoundContext, recipe: Recipe) -> Training:
    """Start the streams of crops and put the loop over them."""
    project, engine, plan = round_.project, round_.engine, round_.plan
    photos = WorkingPhotos(project, plan.long_side, round_.cache)
    crops = recipe.crop_plan()
    workers, ranks = loader_threads(engine), engine.ranks

    def stream(source: LabelledCrops | UnlabelledCrops) -> Loader:
        size = source.plan.batch
        return Loader(source, size, engine.device, workers, ranks.share)

    items = round_.record.items
    labelled: Batches
    if recipe.needs_labels:
        train = TrainSet(
            photos,
            items,
            project.classes.count,
            round_.record.newest,
            tick=lambda index: round_.report("prepare", index, len(items)),
            part=(ranks.world, ranks.place.rank),
        )
        train.merge(ranks.of_all((train.counts, train.dropped)))
        for why in train.dropped.values():
            round_.say(f"left out of training: {why}")
        _warn_of_one_class(round_, train)
        own = recipe.labelled_batches(
            train, lambda index: round_.report("prepare", index, len(items)), round_.say
        )
        labelled = own or stream(LabelledCrops(train, crops))
    else:
        labelled = stream(AllCrops(photos, np.asarray(project.photos.ids("train"), np.int64), crops))
    unlabelled = None
    if recipe.wants_unlabelled:
        known = [item.photo_id for item in items]
        pool = np.setdiff1d(np.asarray(project.photos.ids("train"), np.int64), known)
        if why := _without_unlabelled(recipe, len(pool)):
            round_.say(f"{why}: training on the labelled ones alone")
        else:
            spare = np.asarray(known, np.int64)
            unlabelled = stream(AllCrops(photos, pool, recipe.unlabelled_plan(), spare))
    return Training(
        recipe,
        engine,
        labelled,
        unlabelled,
        folder=round_.folder,
        every=round_.settings.service.checkpoint_seconds,
        hooks=_hooks(round_),
        record=round_.record,
        epochs=_make_epochs(round_, recipe, photos) if ranks.first else None,
    )


def _hooks(round_: RoundContext) -> Hooks:
    """Connect the loop with the round; of several processes the first alone speaks and draws."""
    plan, panels = round_.plan, round_.project.path / "panels"

    def tick(step: int, left: float) -> None:
        round_.report("train", step, plan.steps, left)

    if not round_.engine.ranks.first:
        return Hooks(tick=tick)
    show = partial(write_panel, panels / f"{plan.recipe}.png")
    return Hooks(tick=tick, plot=round_.plot, say=round_.say, show=show)


def _warn_of_one_class(round_: RoundContext, train: TrainSet) -> None:
    """Say so where there is nothing to tell apart."""
    classes = round_.project.classes
    found = np.flatnonzero(train.counts.sum(0))
    if len(found) != 1:
        return
    (only,) = found
    other = "some skin" if only == classes.background else f"some {classes.names[classes.background]}"
    name = classes.names[only]
    round_.say(f"all labels are of one class ({name}): the model can learn nothing else; label {other}")


def _without_unlabelled(recipe: Recipe, photos: int) -> str:
    """Say why unlabelled photos take no part in a round, though its recipe can use them; empty: they do."""
    steps = recipe.plan.steps
    if not photos:
        return "there are no unlabelled photos"
    if any(recipe.uses_unlabelled(step) for step in range(steps)):
        return ""
    if recipe.uses_unlabelled(LATE):
        count = "the only step" if steps == 1 else f"the last of {steps} steps"
        return f"unlabelled photos would join after {count}; give it more (--steps)"
    return "unlabelled photos have no weight in these settings"


def _make_epochs(round_: RoundContext, recipe: Recipe, photos: WorkingPhotos) -> Epochs | None:
    """Validate after every epoch, where the recipe has any; the best draws its panel."""
    project, plan, background = round_.project, round_.plan, round_.project.classes.background
    if not recipe.epochs:
        return None
    truths = readable_truth(project, project.masks.truth("val"), round_.say, photos)
    if not truths:
        round_.say("no validation photo is labelled: the weights of the last epoch are kept, not of the best")
    network = build_segmenter(plan.arch, plan.encoder, recipe.outputs(project.classes), **plan.network)
    predictor = Predictor(
        network, round_.engine.device_name, plan.long_side, fit=plan.fit, size=plan.size, edges=plan.edges
    )

    def renew(weights: dict[str, Tensor]) -> None:
        network.load_state_dict(weights)
        network.eval()  # TinyViT keeps the attention biases of earlier weights until it hears this

    def measure(weights: dict[str, Tensor]) -> EpochScore | None:
        renew(weights)
        total = len(truths)
        return measure_epoch(
            predictor, photos, truths, background, lambda done: round_.report("validate", done, total)
        )

    def draw(weights: dict[str, Tensor]) -> None:
        ids = project.photos.ids("test") or project.photos.ids("val")
        try:
            photo = photos.photo(ids[np.random.default_rng(plan.seed).integers(len(ids))])
        except SkinsegError:  # it is only a picture
            return
        renew(weights)
        picture = probability_map(predictor, photo, background)
        write_panel(project.path / "panels" / f"{plan.recipe}.png", picture)

    return Epochs(recipe.epochs, measure, draw)


def train(round_: RoundContext, state: TrainingState | None) -> tuple[Training, str]:
    """Train to the last step, from a checkpoint if there is one; also says where the weights came from."""
    seed_everything(round_.plan.seed)
    recipe, init_note = make_recipe(round_)
    training = make_training(round_, recipe)
    try:
        if state is not None:  # last: building networks drew random numbers
            training.restore(state)
            round_.say(f"going on at step {training.step} of {training.steps}")
        begin_alike(training)
        with one_thread() if training.recipe.small else nullcontext():
            training.run()
    finally:
        training.close()
    return training, init_note


def begin_alike(training: Training) -> None:
    """Give every process the weights and the random numbers of the first, whatever their files say."""
    ranks = training.engine.ranks
    if ranks.world == 1:
        return
    buffer = io.BytesIO()
    if ranks.first:
        torch.save(training.state(), buffer)
    sent = io.BytesIO(ranks.from_first(buffer.getvalue()))
    training.restore(torch.load(sent, map_location="cpu", weights_only=True))


def write_panel(path: Path, picture: npt.NDArray[np.uint8]) -> None:
    """Write a picture ``(H, W, 3)`` so that a reader sees the old one or the new one."""
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            Image.fromarray(picture).save(partial, format="PNG")
