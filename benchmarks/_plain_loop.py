"""A whole round with all cores at work against a plain loop: part of `benchmarks/throughput.py`.

The plain loop is the stock DeepLabV3Plus of segmentation_models_pytorch, cross-entropy and Adam on one batch
of tensors that lies in memory, for ever the same. A round decodes, cuts, augments, has Dice and a moving
average beside, and as `skinseg` a discriminator and unlabelled crops: a quarter more of them in each step.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import segmentation_models_pytorch as smp
import torch
from torch.nn import functional as F

from trainer.data.crops import AllCrops, LabelledCrops
from trainer.data.loader import Loader
from trainer.data.photo_cache import WorkingPhotos
from trainer.data.trainset import Item, TrainSet
from trainer.engine.device import Engine, loader_threads
from trainer.labels.classes import CLASS_SETS
from trainer.networks.architectures import build_segmenter
from trainer.recipes.registry import find_recipe
from trainer.settings.model import Settings
from trainer.settings.plan import Lane
from trainer.training.hooks import Hooks
from trainer.training.loop import Training
from trainer.training.resolve_plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trainer.project.project import Project

TRAINING = {"encoder": "resnet18", "size": 192, "batch": 8, "steps_full": 100_000}
JOINED = {"skinseg": {"free_steps": 0, "semi_start": 0.0}}
"""So that the unlabelled photos take part from the first step on."""


def plain_step(engine: Engine) -> Callable[[], None]:
    """Make one step of the plain loop."""
    torch.manual_seed(0)
    size, batch = int(TRAINING["size"]), int(TRAINING["batch"])
    network = smp.DeepLabV3Plus("resnet18", encoder_weights=None, classes=9)
    network = network.to(engine.device, memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    image = torch.randn(batch, 3, size, size, device=engine.device)
    image = image.contiguous(memory_format=torch.channels_last)
    target = torch.randint(0, 9, (batch, size, size), device=engine.device)

    def step() -> None:
        loss = F.cross_entropy(network(image), target, ignore_index=255)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def round_of(project: Project, engine: Engine, recipe: str, folder: Path) -> Training:
    """Open a round of a recipe on the project's photos, all of which also count as unlabelled ones."""
    settings = Settings.model_validate(
        {"training": TRAINING, **({recipe: JOINED[recipe]} if recipe in JOINED else {})}
    )
    plan = make_plan(settings, engine.device_name, Lane.BATCH, recipe=recipe)
    torch.manual_seed(0)
    segmenter = build_segmenter(plan.arch, plan.encoder, 9)
    method = find_recipe(recipe)(CLASS_SETS["skin9"], plan, engine, segmenter)
    items = [Item(t.photo_id, t.revision_id, t.group) for t in project.masks.truth("train")]
    photos = WorkingPhotos(project, plan.long_side)
    threads = loader_threads(engine)
    labelled = Loader(
        LabelledCrops(TrainSet(photos, items, 9), method.crop_plan()), plan.batch, engine.device, threads
    )
    unlabelled = None
    if method.wants_unlabelled:
        crops = AllCrops(photos, np.asarray(project.photos.ids("train")), method.unlabelled_plan())
        unlabelled = Loader(crops, crops.plan.batch, engine.device, threads)
    return Training(method, engine, labelled, unlabelled, folder / recipe, every=1e9, hooks=Hooks())


def compare(project: Project, engine: Engine, folder: Path, blocks: int, steps: int = 4) -> dict[str, float]:
    """Share of the plain loop's steps that a round makes: medians of short blocks in turns.

    Both the clock's and the processor's: beside other programs the clock mostly shows how those were served.
    """
    rounds = {recipe: round_of(project, engine, recipe, folder) for recipe in ("supervised", "skinseg")}
    steps_of: dict[str, Callable[[], object]] = {"plain": plain_step(engine)}
    steps_of |= {name: training._one_step for name, training in rounds.items()}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in steps_of}
    for block in range(blocks + 1):
        for name, step in steps_of.items():
            wall, processor = time.perf_counter(), time.process_time()
            for _ in range(steps):
                step()
            if engine.device.type == "cuda":
                torch.cuda.synchronize()
            if block:  # the first one warms up
                seconds[name].append((time.perf_counter() - wall, time.process_time() - processor))
    for training in rounds.values():
        training.close()
    found = {}
    for name in rounds:
        pairs = np.array(seconds["plain"]) / np.array(seconds[name])
        found[name], found[f"{name}_processor"] = (float(share) for share in np.median(pairs, axis=0))
    return found
