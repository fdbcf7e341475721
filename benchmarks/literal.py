"""Literal `surrogate` and `adversarial` trainings: photos per second, memory, share of the bare loop.

    python -m benchmarks.literal [--device cuda] [--recipes surrogate adversarial] [--steps 50]
    python -m benchmarks.literal --device cpu --size 65 --steps 2       (a minute: proves that it works)

For each recipe and precision, at the source's size (513) and batch (4):

* `photos`: crops per second of the product's loop from photos on disk, everything included;
* `bare`: crops per second of the same recipe's step on one batch that lies on the device;
* `share`: the one over the other;
* `memory`: the most that the device held, in GB (a GPU only).

Then the batch is doubled as long as the bare loop gains at least 5 % from it and memory lasts, and the loop
from photos is measured once more at the largest batch that paid. Photos are synthetic. A GPU also learns
where its time goes with `--profile`: the ten kernels that took longest.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from trainer.data.loader import Batch
from trainer.data.photo_cache import project_cache
from trainer.engine.device import Engine, cpu_cores
from trainer.engine.memory import is_out_of_memory
from trainer.project.project import Project
from trainer.recipes.base import Recipe
from trainer.recipes.registry import find_recipe
from trainer.settings.model import Settings
from trainer.synthetic.demo_project import make_demo
from trainer.training.resolve_plan import make_plan
from trainer.training.round_context import RoundContext
from trainer.training.round_opening import RoundRequest, choose_labels
from trainer.training.round_record import RoundRecord
from trainer.training.round_setup import make_recipe, make_training

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trainer.recipes.base import Recipe
    from trainer.settings.plan import Plan

RESULTS = Path(__file__).parent / "results" / "literal.json"
RECIPES = ("surrogate", "adversarial")
PRECISIONS = ("32-true", "bf16-mixed")
PAYS = 1.05
WARM_UP = 3
SIZE = 513
BATCH = 4
Row = dict[str, Any]


def settings_of(recipe: str, precision: str, size: int, long_side: int, batch: int) -> Settings:
    """Make the literal settings; only size and batch may be others."""
    training = {
        "recipe": recipe,
        "precision": precision,
        "size": size,
        "long_side": long_side,
        "batch": batch,
    }
    return Settings.model_validate({"training": training, recipe: {"literal": True}})


class Bench:
    """One recipe at one precision on one device.

    Parameters
    ----------
    project
        Photos, some of them with masks.
    engine
        The device.
    settings
        What is trained.
    folder
        For checkpoints.
    """

    def __init__(self, project: Project, engine: Engine, settings: Settings, folder: Path) -> None:
        self.project, self.engine, self.settings, self.folder = project, engine, settings, folder
        self.plan = make_plan(settings, engine.device_name, "batch", steps=10**6)

    def recipe(self, plan: Plan) -> tuple[RoundContext, Recipe]:
        """Fresh networks."""
        torch.manual_seed(0)
        cache = project_cache(self.project, self.settings.photos.cache_bytes)
        items, _ = choose_labels(self.project, find_recipe(plan.recipe), RoundRequest("batch"))
        record = RoundRecord(plan, items)
        round_ = RoundContext(
            self.project, self.settings, record, self.engine, "bench", cache, self.folder, in_catalog=False
        )
        return round_, make_recipe(round_)[0]

    def at_batch(self, batch: int) -> Plan:
        """Return the plan with another batch."""
        return dataclasses.replace(self.plan, batch=batch)

    def bare(self, batch: int, steps: int) -> float:
        """Crops per second of the recipe's step on batches in the device's memory."""
        plan = self.at_batch(batch)
        _, recipe = self.recipe(plan)
        labelled, unlabelled = self.batch(plan, labelled=True), self.batch(plan, labelled=False)
        start = plan.steps // 2  # every term of the loss is at work by then

        def one(step: int) -> None:
            recipe.step(labelled, unlabelled if recipe.wants_unlabelled else None, start + step)

        return batch * steps / self.timed(one, steps)

    def batch(self, plan: Plan, labelled: bool) -> Batch:
        """Noise on the device."""
        generator = torch.Generator().manual_seed(int(labelled))
        image = torch.rand(plan.batch, 3, plan.size, plan.size, generator=generator) * 2 - 1
        shape = (plan.batch, plan.size, plan.size)
        target = torch.full(shape, 255, dtype=torch.uint8)
        if labelled:
            target = torch.randint(0, 9, shape, dtype=torch.uint8, generator=generator)
        device = self.engine.device
        return Batch(image.contiguous(memory_format=torch.channels_last).to(device), target.to(device))

    def from_photos(self, batch: int, steps: int) -> float:
        """Crops per second of the product's loop; the first decoding of each photo is not counted."""
        plan = self.at_batch(batch)
        round_, recipe = self.recipe(plan)
        training = make_training(round_, recipe)
        training.step = plan.steps // 2
        try:
            seconds = self.timed(lambda step: training._one_step() and None, steps)
        finally:
            training.close()
        return batch * steps / seconds

    def timed(self, one: Callable[[int], None], steps: int) -> float:
        """Seconds of `steps` calls after a few to warm up."""
        for step in range(WARM_UP):
            one(step)
        self.synchronise()
        started = time.perf_counter()
        for step in range(steps):
            one(WARM_UP + step)
        self.synchronise()
        return time.perf_counter() - started

    def synchronise(self) -> None:
        """Wait for the device."""
        if self.engine.device.type == "cuda":
            torch.cuda.synchronize()

    def memory(self, run: Callable[[], float]) -> tuple[float, float | None]:
        """Run something; return its result, and the GB the device held at most meanwhile."""
        cuda = self.engine.device.type == "cuda"
        if cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        value = run()
        return value, torch.cuda.max_memory_allocated() / 1e9 if cuda else None


def measure(bench: Bench, steps: int, repeats: int, most: int) -> Iterator[Row]:
    """Rows for the source's batch and for the larger ones that pay."""
    batch, last = bench.plan.batch, 0.0
    paying: Row | None = None
    while batch <= most:
        try:
            runs = [bench.memory(lambda: bench.bare(batch, steps)) for _ in range(repeats)]  # noqa: B023
        except (RuntimeError, torch.OutOfMemoryError) as error:
            if not is_out_of_memory(error):
                raise
            print(f"  batch {batch}: out of memory", flush=True)
            break
        rate = statistics.median(rate for rate, _ in runs)
        row: Row = {"batch": batch, "bare": rate, "bare_memory": runs[-1][1]}
        if batch > bench.plan.batch and rate < PAYS * last:
            print(f"  batch {batch}: {rate:.1f} crops/s, does not pay", flush=True)
            yield row
            break
        paying, last = row, rate
        if batch == bench.plan.batch:
            yield with_photos(bench, row, steps, repeats)
        else:
            print(f"  batch {batch}: {rate:.1f} crops/s", flush=True)
        batch *= 2
    if paying is not None and paying["batch"] != bench.plan.batch:
        yield with_photos(bench, paying, steps, repeats)


def with_photos(bench: Bench, row: Row, steps: int, repeats: int) -> Row:
    """Measure the same row with the loop from photos."""
    runs = [bench.memory(lambda: bench.from_photos(row["batch"], steps)) for _ in range(repeats)]
    rate = statistics.median(rate for rate, _ in runs)
    return {**row, "photos": rate, "memory": runs[-1][1], "share": rate / row["bare"]}


def profile(bench: Bench) -> str:
    """List the kernels that took longest in five steps of the bare loop."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    cuda = bench.engine.device.type == "cuda"
    if cuda:
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=activities) as taken:
        bench.bare(bench.plan.batch, 5)
    sort = "self_cuda_time_total" if cuda else "self_cpu_time_total"
    return str(taken.key_averages().table(sort_by=sort, row_limit=10, max_name_column_width=60))


def text(row: Row) -> str:
    """Format one row."""
    parts = [f"  batch {row['batch']:3}  bare {row['bare']:8.2f} crops/s"]
    if "photos" in row:
        parts.append(f"from photos {row['photos']:8.2f}  share {row['share']:.3f}")
    held = row.get("memory") or row["bare_memory"]
    return "  ".join([*parts, *([f"memory {held:.1f} GB"] if held else [])])


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=RECIPES)
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--most", type=int, default=256, help="largest batch tried")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--photos", type=int, default=48)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args(arguments)
    if args.device == "cpu" and args.size > 129:
        print("a CPU takes hours for this: give --size 65 --steps 2", file=sys.stderr)
    long_side = 2 * args.size
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        demo = make_demo(Path(name) / "demo", args.photos, labelled=args.photos // 2, long_side=long_side)
        with Project.open(demo.project) as project:
            for recipe in args.recipes:
                for precision in args.precisions:
                    engine = Engine.start(args.device, precision=precision)
                    settings = settings_of(recipe, precision, args.size, long_side, args.batch)
                    bench = Bench(project, engine, settings, Path(name) / f"{recipe}-{precision}")
                    head = {"recipe": recipe, "precision": precision, "encoder": bench.plan.encoder}
                    print(" ".join(head.values()), flush=True)
                    for row in measure(bench, args.steps, args.repeats, args.most):
                        rows.append({**head, **row})
                        print(text(row), flush=True)
                    if args.profile:
                        print(profile(bench), flush=True)
    write(rows, args, engine)
    return 0


def write(rows: list[Row], args: argparse.Namespace, engine: Engine) -> None:
    """All rows with the machine they come from."""
    cuda = engine.device.type == "cuda"
    result = {
        "device": torch.cuda.get_device_name() if cuda else engine.device_name,
        "size": args.size,
        "steps": args.steps,
        "cores": cpu_cores(),
        "torch": torch.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "rows": rows,
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
