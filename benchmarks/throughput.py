"""Throughput of training and scoring from real photos, against the network alone.

    python -m benchmarks.throughput [--data FOLDER] [--device auto] [--steps 30] [--threads N]

Training: crops per second of a round (decode cache, augmentation, losses, moving average, clipping) over
those of a bare loop with the same recipe step on tensors that already lie on the device. Scoring: photos per
second of decoding in threads plus network, over the slower of decoding alone and network alone. With all
cores at work: steps of whole rounds over those of a plain loop (`_plain_loop.py`), in turns. FOLDER (or
SKINSEG_DATA) as for yardstick.py; without it 24 photos of 12 megapixels are made of noise.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from benchmarks._plain_loop import compare
from benchmarks.yardstick import make_project
from trainer.data.crops import LabelledCrops
from trainer.data.loader import Batch, Loader
from trainer.data.photo_cache import DecodedCache, WorkingPhotos
from trainer.data.trainset import Item, TrainSet
from trainer.engine.device import Engine, cpu_cores, loader_threads
from trainer.inference.predictor import Predictor
from trainer.labels.classes import CLASS_SETS
from trainer.networks.architectures import build_segmenter
from trainer.recipes.registry import find_recipe
from trainer.settings.model import Settings
from trainer.training.hooks import Hooks
from trainer.training.loop import Training
from trainer.training.resolve_plan import make_plan

if TYPE_CHECKING:
    from trainer.project.project import Project
    from trainer.recipes.base import Recipe
    from trainer.settings.plan import Plan


def render(folder: Path, photos: int = 24) -> Path:
    """Noise photos of 12 megapixels with masks, for machines without a data set."""
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    rows = ["id,split,group"]
    rng = np.random.default_rng(0)
    for index in range(photos):
        small = rng.integers(0, 255, (30, 40, 3), np.uint8)
        Image.fromarray(small).resize((4000, 3000)).save(folder / "images" / f"{index}.jpg", quality=90)
        mask = rng.integers(0, 9, (30, 40), np.uint8)
        Image.fromarray(mask).resize((4000, 3000), Image.Resampling.NEAREST).save(
            folder / "masks" / f"{index}.png"
        )
        rows.append(f"{index},train,{index}")
    (folder / "index.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def make_recipe(engine: Engine, plan: Plan) -> Recipe:
    """Make a fresh network under the product's recipe."""
    torch.manual_seed(0)
    segmenter = build_segmenter(plan.arch, plan.encoder, 9)
    return find_recipe(plan.recipe)(CLASS_SETS["skin9"], plan, engine, segmenter)


def synchronise(engine: Engine) -> None:
    """Wait for the device."""
    if engine.device.type == "cuda":
        torch.cuda.synchronize()


def bare(engine: Engine, plan: Plan, steps: int) -> float:
    """Crops per second of the same recipe step on one batch in memory."""
    recipe = make_recipe(engine, plan)
    image = torch.randn(plan.batch, 3, plan.size, plan.size).contiguous(memory_format=torch.channels_last)
    target = torch.randint(0, 9, (plan.batch, plan.size, plan.size), dtype=torch.uint8)
    batch = Batch(image.to(engine.device), target.to(engine.device))
    for step in range(3):
        recipe.step(batch, None, step)
    synchronise(engine)
    started = time.perf_counter()
    for step in range(steps):
        recipe.step(batch, None, step)
    synchronise(engine)
    return steps * plan.batch / (time.perf_counter() - started)


def from_photos(project: Project, engine: Engine, plan: Plan, steps: int, folder: Path) -> float:
    """Crops per second of the whole training loop; the first decoding of each photo is not counted."""
    recipe = make_recipe(engine, plan)
    items = [Item(t.photo_id, t.revision_id, t.group) for t in project.masks.truth("train")]
    train = TrainSet(WorkingPhotos(project, plan.long_side), items, 9)
    loader = Loader(
        LabelledCrops(train, recipe.crop_plan()), plan.batch, engine.device, loader_threads(engine)
    )
    training = Training(recipe, engine, loader, None, folder, every=1e9, hooks=Hooks())
    training.steps = 3
    training.run()
    synchronise(engine)
    training.steps = 3 + steps
    started = time.perf_counter()
    while training.step < training.steps:
        training._one_step()
    synchronise(engine)
    seconds = time.perf_counter() - started
    training.close()
    return steps * plan.batch / seconds


def scoring(project: Project, engine: Engine, plan: Plan, photos: int) -> dict[str, float]:
    """Photos per second: decoding alone, network alone, and both at once with decoding in threads."""
    predictor = Predictor(build_segmenter(plan.arch, plan.encoder, 9), engine.device_name, plan.long_side)
    reader = WorkingPhotos(project, plan.long_side, DecodedCache(None, 0))
    ids = (project.photos.ids() * photos)[:photos]
    threads = loader_threads(engine)

    def timed(run: object) -> float:
        started = time.perf_counter()
        run()  # type: ignore[operator]
        synchronise(engine)
        return photos / (time.perf_counter() - started)

    def decode_all() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(reader.photo, ids))

    def both() -> None:
        with ThreadPoolExecutor(threads) as pool:
            for photo in pool.map(reader.photo, ids):
                predictor.classes_of(photo)

    decoded = [reader.photo(photo_id) for photo_id in ids[:32]]
    predictor.classes_of(decoded[0])
    decode = timed(decode_all)
    network = timed(lambda: [predictor.classes_of(decoded[i % len(decoded)]) for i in range(photos)])
    return {"decode": decode, "network": network, "both": timed(both)}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("SKINSEG_DATA"))
    parser.add_argument("--device", default="auto")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--blocks", type=int, default=10, help="of four steps, against the plain loop")
    parser.add_argument("--threads", type=int, help="default: as in the background, all cores but one")
    parser.add_argument("--set", nargs="*", default=[], help="training settings, KEY=VALUE")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "throughput.json")
    args = parser.parse_args()
    settings = Settings.model_validate({"training": dict(pair.split("=", 1) for pair in args.set)})
    engine = Engine.start(args.device, threads=args.threads, background=True)
    plan = make_plan(settings, engine.device_name, "full")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = args.data or render(folder / "data")
        with make_project(Path(data), folder / "project") as project:
            pairs = [
                (
                    bare(engine, plan, args.steps),
                    from_photos(project, engine, plan, args.steps, folder / "round"),
                )
                for _ in range(args.repeats)
            ]
            rates = scoring(project, engine, plan, args.photos)
            every_core = Engine.start(args.device, threads=args.threads)
            whole = compare(project, every_core, folder / "whole", args.blocks)
    bare_rate, photo_rate = (float(np.median(column)) for column in zip(*pairs, strict=True))
    share = float(np.median([b / a for a, b in pairs]))
    slower = min(rates["decode"], rates["network"])
    result = {
        "plan": {k: plan.to_dict()[k] for k in ("encoder", "long_side", "size", "batch")},
        "device": engine.device_name,
        "precision": engine.precision,
        "threads": engine.threads,
        "cores": cpu_cores(),
        "torch": torch.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "training": {"bare": bare_rate, "photos": photo_rate, "share": share, "reach": 0.95},
        "plain": {**whole, "reach": {"supervised": 0.95, "skinseg": 0.75}},
        "scoring": {**rates, "share": rates["both"] / slower, "reach": 0.90},
    }
    print(f"training  bare {bare_rate:.1f}  from photos {photo_rate:.1f} crops/s  share {share:.3f} (0.95)")
    alone = f"decode {rates['decode']:.1f}  network {rates['network']:.1f}"
    print(f"scoring   {alone}  both {rates['both']:.1f} photos/s  share {rates['both'] / slower:.3f} (0.90)")
    for name, reach in (("supervised", 0.95), ("skinseg", 0.75)):
        clock, processor = whole[name], whole[f"{name}_processor"]
        print(
            f"{name:10} {clock:.3f} of a plain loop ({reach}), by processor time {processor:.3f}, all cores"
        )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
