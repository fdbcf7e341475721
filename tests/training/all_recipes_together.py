"""Run by torchrun: steps of every recipe, with the batch in one process and shared by all of them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from trainer.data.loader import Batch
from trainer.engine.device import Engine, seed_everything
from trainer.engine.one_batch import one_batch
from trainer.engine.ranks import Ranks, joined
from trainer.labels.classes import CLASS_SETS
from trainer.labels.values import IGNORE
from trainer.networks.architectures import build_segmenter
from trainer.networks.segmenters import set_dropout
from trainer.recipes.registry import RECIPES
from trainer.settings.model import Settings
from trainer.settings.plan import Lane
from trainer.training.resolve_plan import make_plan

if TYPE_CHECKING:
    from trainer.recipes.base import Recipe

CLASSES = CLASS_SETS["skin9"]
TRAINING = {"size": 32, "batch": 3, "encoder": "tu-test_resnet", "dropout": 0.3}
OPTIONS = {
    "skinseg": {"free_steps": 0, "semi_start": 0.0, "unlabelled_share": 0.34, "width": 8},
    "adversarial": {"free_steps": 0, "semi_start": 0.0, "semi_loss": "hung", "width": 8},
    "colorization": {"l1_warmup": 0.0},
}


def batches() -> tuple[Batch, Batch]:
    """Three labelled crops, one of them with few labels and one with none, and one crop without."""
    generator = torch.Generator().manual_seed(3)
    image = torch.rand(4, 3, 32, 32, generator=generator) * 2 - 1
    target = torch.randint(0, 9, (4, 32, 32), generator=generator, dtype=torch.uint8)
    target[0, 8:], target[1] = IGNORE, IGNORE
    return Batch(image[:3], target[:3]), Batch(image[3:], target[3:] * 0)


def part(batch: Batch, ranks: Ranks) -> Batch:
    """Take the crops of this process."""
    rows = list(ranks.share(len(batch.image)))
    return Batch(batch.image[rows].contiguous(memory_format=torch.channels_last), batch.target[rows])


def train(name: str, ranks: Ranks) -> Recipe:
    """Two steps of plain gradient descent, which shows a gradient's size as Adam does not."""
    settings = Settings.model_validate(
        {"training": TRAINING, **({name: OPTIONS[name]} if name in OPTIONS else {})}
    )
    plan = make_plan(settings, "cpu", Lane.BATCH, recipe=name, steps=2, init="scratch")
    engine = Engine.start("cpu", precision="64-true", threads=1)
    engine.ranks = ranks
    seed_everything(7)
    method = RECIPES[name]
    segmenter = build_segmenter(plan.arch, plan.encoder, method.outputs(CLASSES), **plan.network)
    set_dropout(segmenter, plan.dropout)
    recipe = method(CLASSES, plan, engine, segmenter)
    for key, network in recipe.networks.items():
        if key in recipe.optimizers:
            recipe.optimizers[key] = torch.optim.SGD(network.parameters(), lr=0.1)
    if hasattr(recipe, "term"):
        recipe.term.optimizer = recipe.optimizers["discriminator"]
    labelled, free = batches()
    for step in range(2):
        with one_batch(ranks):
            more = part(free, ranks) if recipe.wants_unlabelled else None
            recipe.step(part(labelled, ranks), more, step)
    return recipe


def apart(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """Largest distance of two states, in each tensor's own size."""
    return max(
        float((value.double() - other[name].double()).norm() / (value.double().norm() + 1e-3))
        for name, value in one.items()
    )


def main() -> None:
    """Print how far each recipe's networks are from those of one process, and from each other.

    In double precision: in single, rounding grows from step to step.
    """
    torch.set_default_dtype(torch.float64)
    Tensor.float = Tensor.double  # type: ignore[method-assign]  # what losses and heads ask for
    with joined("cpu") as ranks:
        for name in sys.argv[1:]:
            alone, together = train(name, Ranks()), train(name, ranks)
            for key, network in alone.networks.items():
                state = together.networks[key].state_dict()
                between = max(ranks.of_all(apart(ranks.from_first(state), state)))
                if ranks.first:
                    print(name, key, apart(network.state_dict(), state), between, flush=True)


if __name__ == "__main__":
    main()
