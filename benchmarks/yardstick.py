"""Yardstick: a round of ours against the plain loop everyone writes, all else being equal.

    python -m benchmarks.yardstick --data FOLDER [--seeds 0 1 2] [--size 128] [--steps 300] [--batch 8]

FOLDER (or the variable SKINSEG_DATA) holds `images/`, `masks/` (PNG, class index, 255 = not labelled) and
`index.csv` with the columns id, split (train, val) and group. The plain loop is the stock DeepLabV3Plus of
segmentation_models_pytorch with the usual recipe: resize, random crop, flip, cross-entropy, Adam. Both are
scored by the same code, on the same photos scaled to the same size.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import segmentation_models_pytorch as smp
import torch
from PIL import Image
from torch.nn import functional as F

from trainer.data.photo_cache import resize_nearest
from trainer.engine.device import cpu_cores
from trainer.evaluation.metrics import confusion
from trainer.evaluation.summary import Evaluation, score_photos
from trainer.labels.classes import CLASS_SETS
from trainer.networks.encoders import encoder_for
from trainer.networks.segmenters import ASPP_RATES
from trainer.project.files.decode import scaled_size
from trainer.project.import_export.mask_import import import_masks
from trainer.project.project import Project
from trainer.settings.model import Settings
from trainer.training.round import run_round

SKIN9 = CLASS_SETS["skin9"]
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


@dataclass(frozen=True)
class Example:
    """Photo at working size with its labels."""

    photo: np.ndarray
    target: np.ndarray
    group: str


def load(data: Path, split: str, long_side: int) -> list[Example]:
    """Read one split at working size."""
    examples = []
    with (data / "index.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    for row in rows:
        with Image.open(data / "images" / f"{row['id']}.jpg") as image:
            height, width = scaled_size(image.height, image.width, long_side)
            photo = np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.BOX))
        mask = np.asarray(Image.open(data / "masks" / f"{row['id']}.png"))
        examples.append(Example(photo, resize_nearest(mask, height, width), row["group"]))
    return examples


def normalised(photos_NHWC: np.ndarray) -> torch.Tensor:
    """Bytes to the scale ImageNet encoders know."""
    return (torch.from_numpy(photos_NHWC).movedim(-1, 1).float() / 255 - MEAN) / STD


def random_crop(example: Example, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Augment as usual: pad if too small, cut anywhere, flip half of the time."""
    height, width = example.target.shape
    below, right = max(0, size - height), max(0, size - width)
    photo = np.pad(example.photo, ((0, below), (0, right), (0, 0)))
    target = np.pad(example.target, ((0, below), (0, right)), constant_values=255)
    top = rng.integers(0, photo.shape[0] - size + 1)
    left = rng.integers(0, photo.shape[1] - size + 1)
    step = -1 if rng.random() < 0.5 else 1
    cut = (slice(top, top + size), slice(left, left + size))
    return photo[cut][:, ::step], target[cut][:, ::step]


def plain_loop(
    train: list[Example],
    val: list[Example],
    encoder: str,
    size: int,
    batch: int,
    steps: int,
    lr: float,
    seed: int,
) -> Evaluation:
    """Train the stock network the usual way."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = smp.DeepLabV3Plus(
        encoder, encoder_weights=None, classes=9, encoder_output_stride=16, decoder_atrous_rates=ASPP_RATES
    ).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr)
    model.train()
    for _ in range(steps):
        crops = [random_crop(train[rng.integers(len(train))], size, rng) for _ in range(batch)]
        x = normalised(np.stack([photo for photo, _ in crops])).contiguous(memory_format=torch.channels_last)
        y = torch.from_numpy(np.stack([target for _, target in crops])).long()
        loss = F.cross_entropy(model(x), y, ignore_index=255)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    matrices = []
    for example in val:
        height, width = example.target.shape
        padded = np.pad(example.photo, ((0, -height % 32), (0, -width % 32), (0, 0)))
        with torch.inference_mode():
            logits = model(normalised(padded[None]))[0, :, :height, :width]
        matrices.append(confusion(example.target, logits.argmax(0).numpy().astype(np.uint8), 9))
    groups = [example.group for example in val]
    return score_photos(np.stack(matrices), groups, range(len(val)), SKIN9, model="plain", split="val")


def make_project(data: Path, folder: Path) -> Project:
    """Make a project with the photos and masks of the data folder."""
    project = Project.create(folder)
    table = folder / "cache" / "groups.csv"
    with (data / "index.csv").open(encoding="utf-8") as file:
        rows = [f"{row['id']},{row['group']},{row['split']}" for row in csv.DictReader(file)]
    table.write_text("photo,group,split\n" + "\n".join(rows) + "\n", encoding="utf-8")
    project.registration.add_folder(data / "images", groups=table)
    import_masks(project, data / "masks")
    return project


def our_round(project: Project, training: dict[str, object], steps: int) -> dict[str, object]:
    """Train one batch round with our settings."""
    settings = Settings.model_validate({"training": training})
    return run_round(project, settings, lane="batch", recipe="supervised", steps=steps).val


def main() -> None:
    """Run both for every seed and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("SKINSEG_DATA"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--long-side", type=int, default=160)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--encoder", default="auto")
    parser.add_argument("--plain-lr", type=float, nargs="+", default=[1e-3], help="several: the best counts")
    parser.add_argument("--threads", type=int, default=cpu_cores())
    parser.add_argument("--only", choices=["plain", "ours"])
    parser.add_argument("--set", nargs="*", default=[], help="our settings, KEY=VALUE (JSON values)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "yardstick.json")
    args = parser.parse_args()
    if args.data is None:
        sys.exit("give --data FOLDER or set SKINSEG_DATA; see --help for what it must hold")
    encoder = encoder_for("cpu", args.encoder)
    torch.set_num_threads(args.threads)
    more = {}
    for pair in args.set:
        key, _, value = pair.partition("=")
        try:
            more[key] = json.loads(value)
        except ValueError:
            more[key] = value
    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        make_project(args.data, Path(folder) / "project") as project,
    ):
        train = load(args.data, "train", args.long_side)
        val = load(args.data, "val", args.long_side)
        for seed in args.seeds:
            torch.set_num_threads(args.threads)
            if args.only != "ours":
                for lr in args.plain_lr:
                    started = time.perf_counter()
                    score = plain_loop(train, val, encoder, args.size, args.batch, args.steps, lr, seed)
                    rows.append(row(f"plain lr={lr:g}", seed, score.headline(), started))
            if args.only != "plain":
                started = time.perf_counter()
                training = {"size": args.size, "long_side": args.long_side, "batch": args.batch}
                training |= {"threads": args.threads, "encoder": encoder, "seed": seed, **more}
                rows.append(row("ours", seed, our_round(project, training, args.steps), started))
    report(rows, args)


def row(arm: str, seed: int, score: dict[str, object], started: float) -> dict[str, object]:
    """Print one line of the table as soon as it is known."""
    values = {"arm": arm, "seed": seed, "seconds": round(time.perf_counter() - started, 1), **score}
    print(f"{arm:16} seed {seed}  dice9 {score['dice9']:.3f}  dice8 {score['dice8']:.3f}  "
          f"dice2 {score['dice2']:.3f}  {values['seconds']:.0f} s", flush=True)  # fmt: skip
    return values


def report(rows: list[dict[str, object]], args: argparse.Namespace) -> None:
    """Mean and spread per arm; JSON with all rows."""
    print(f"\n{'arm':16} {'dice9':>14} {'dice8':>14} {'dice2':>14}")
    summary = {}
    for arm in dict.fromkeys(str(r["arm"]) for r in rows):
        mine = [r for r in rows if r["arm"] == arm]
        summary[arm] = {
            key: [float(np.mean([r[key] for r in mine])), float(np.std([r[key] for r in mine]))]
            for key in ("dice9", "dice8", "dice2")
        }
        cells = " ".join(f"{mean:.3f} ± {spread:.3f}".rjust(14) for mean, spread in summary[arm].values())
        print(f"{arm:16} {cells}")
    settings = {k: v for k, v in vars(args).items() if k not in ("data", "out")}
    machine = {
        "cores": cpu_cores(),
        "torch": torch.__version__,
        "system": f"{platform.system()} {platform.machine()}",
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(
        json.dumps({"settings": settings, "machine": machine, "summary": summary, "rows": rows}, indent=2)
        + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
