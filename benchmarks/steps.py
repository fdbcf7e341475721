"""Cost of a step of each semi-supervised recipe beside a supervised one, in processor time.

    python -m benchmarks.steps [--steps 7]

One thread, crops of noise, the defaults of a processor. Processor time is counted and the recipes take turns,
so that other work on the machine falls on all of them alike; medians of two steps each, of which one has the
discriminator of `skinseg`.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from trainer.data.loader import Batch
from trainer.engine.device import Engine
from trainer.labels.classes import load_class_set
from trainer.networks.architectures import build_segmenter
from trainer.recipes.registry import find_recipe
from trainer.settings.model import Settings
from trainer.training.resolve_plan import make_plan

if TYPE_CHECKING:
    from trainer.recipes.base import Recipe

STEPS = 1000
JOINED: dict[str, Any] = {"semi_start": 0.0, "free_steps": 0}
ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    "supervised": ("supervised", {}),
    "skinseg, first 50 steps": ("skinseg", {"free_steps": STEPS}),
    "skinseg, later": ("skinseg", JOINED),
    "adversarial, fcn": ("adversarial", JOINED),
    "adversarial, patch 70": ("adversarial", {**JOINED, "discriminator": "patch"}),
    "consistency": ("consistency", {"warmup": 0.0}),
}


def make_arm(engine: Engine, name: str, options: dict[str, Any]) -> Recipe:
    """Make a recipe on random weights."""
    sections = {name: options} if options else {}
    plan = make_plan(Settings.model_validate(sections), "cpu", "full", recipe=name, steps=STEPS)
    classes = load_class_set("skin9")
    return find_recipe(name)(classes, plan, engine, build_segmenter(plan.arch, plan.encoder, classes.count))


def noise(count: int, size: int, labelled: bool) -> Batch:
    """Crops of noise; those without labels lie wholly inside their photo."""
    target = torch.randint(0, 9, (count, size, size), dtype=torch.uint8)
    image = torch.rand(count, 3, size, size) * 2 - 1
    image = image.contiguous(memory_format=torch.channels_last)
    return Batch(image, target if labelled else torch.zeros_like(target))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=7)
    steps = parser.parse_args().steps
    engine = Engine.start("cpu", threads=1)
    torch.manual_seed(0)
    arms = {label: make_arm(engine, *arm) for label, arm in ARMS.items()}
    seconds: dict[str, list[float]] = {label: [] for label in arms}
    for turn in range(steps + 1):
        for label, recipe in arms.items():
            labelled = noise(recipe.plan.batch, recipe.plan.size, True)
            free = noise(recipe.unlabelled_plan().batch, recipe.plan.size, False)
            started = time.process_time()
            for step in (2 * turn, 2 * turn + 1):
                recipe.set_rates(step)
                recipe.step(labelled, free if recipe.uses_unlabelled(step) else None, step)
            seconds[label].append((time.process_time() - started) / 2)
    medians = {label: statistics.median(values[1:]) for label, values in seconds.items()}
    for label, value in medians.items():
        print(f"{label:26} {value:6.3f} s  ×{value / medians['supervised']:.2f}")
    result = {"machine": platform.platform(), "torch": torch.__version__, "cpu_seconds": medians}
    path = Path(__file__).parent / "results" / "steps.json"
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
