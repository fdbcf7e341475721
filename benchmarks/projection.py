"""What a large pool costs, from what one photo costs here: decode, network, features, bytes.

    python -m benchmarks.projection [--data FOLDER] [--device auto] [--photos 12] [--pool 330000] [--nodes 8]

FOLDER (or SKINSEG_DATA) as for yardstick.py; without it synthetic photos scaled up to 12 megapixels. Seconds
are the processor's on a CPU, so that other programs do not count, and the clock's beside a graphics card.
The projection is arithmetic: photos times seconds, over the workers. It leaves out what was not measured:
the network and the disk that several machines share.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from benchmarks.yardstick import make_project
from trainer.engine.device import choose_device, cpu_cores
from trainer.inference.predictor import Predictor
from trainer.ranking.rater import Rater
from trainer.settings.model import Settings
from trainer.settings.plan import Lane
from trainer.synthetic.photos import render_photos
from trainer.training.round import run_round

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.project.project import Project


def large_photos(folder: Path, count: int) -> Path:
    """Synthetic photos with masks, scaled up to 12 megapixels with the noise of a camera."""
    render_photos(folder / "small", count, 7, 512)
    rng, rows = np.random.default_rng(0), ["id,split,group"]
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for photo in sorted((folder / "small" / "photos").glob("*.jpg")):
        size = (3000, 4000) if Image.open(photo).height > Image.open(photo).width else (4000, 3000)
        pixels = np.asarray(Image.open(photo).convert("RGB").resize(size), np.int16)
        noisy = (pixels + rng.normal(0, 4, pixels.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / "images" / photo.name, quality=90)
        mask = Image.open(folder / "small" / "masks" / f"{photo.stem}.png")
        mask.resize(size, Image.Resampling.NEAREST).save(folder / "masks" / f"{photo.stem}.png")
        rows.append(f"{photo.stem},train,{photo.stem}")
    (folder / "index.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def seconds_a_photo(photos: list[int], work: Callable[[int], object], device: str) -> float:
    """Median over the photos, the first left out."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    taken = []
    for photo_id in photos:
        started = clock()
        work(photo_id)
        taken.append(clock() - started)
    return float(np.median(taken[1:]))


def bytes_below(folder: Path) -> int:
    """Sum of the sizes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measure(project: Project, device: str, steps: int) -> dict[str, float]:
    """Train a model for the suggestions to look like some, and take the terms of one photo."""
    settings = Settings.model_validate({"training": {"recipe": "supervised"}})
    run_round(project, settings, lane=Lane.BATCH, steps=steps, device=device)
    torch.set_num_threads(1)  # a worker is a core: waiting threads would count as work
    served = project.models.served()
    assert served is not None
    ids = project.photos.ids()
    predictor, rater = Predictor(served.path, device), Rater(project, served.id, device)
    side = predictor.long_side or 1024
    small = {photo_id: project.photos.read_scaled(photo_id, side) for photo_id in ids}
    pixels = {photo_id: project.photos.read(photo_id) for photo_id in ids}

    def save(photo_id: int) -> None:
        found = results[photo_id]
        project.predictions.save(photo_id, served.id, found.labels, found.confidence, error=found.error)

    results = {photo_id: predictor.predict(pixels[photo_id]) for photo_id in ids}
    terms = {
        "decode whole": seconds_a_photo(ids, project.photos.read, device),
        f"decode at {side} px": seconds_a_photo(ids, lambda i: project.photos.read_scaled(i, side), device),
        f"network at {side} px": seconds_a_photo(ids, lambda i: predictor.classes_of(small[i]), device),
        "the same and full size": seconds_a_photo(ids, lambda i: predictor.predict(pixels[i]), device),
        "write": seconds_a_photo(ids, save, device),
        "look at one to rank": seconds_a_photo(ids, lambda i: rater.rate(i), device),
    }
    terms["bytes a prediction"] = bytes_below(project.path / "predictions") / len(ids)
    rating = rater.rate(ids[0])
    looks = rating.looks.feature if rating.looks is not None else None
    terms["bytes of features"] = float(len(looks or b""))
    terms["megabytes a photo"] = sum(project.photos.get(i).path.stat().st_size for i in ids) / len(ids) / 1e6
    return terms


def main() -> None:
    """Measure, print, project."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("SKINSEG_DATA"))
    parser.add_argument("--device", default="auto")
    parser.add_argument("--photos", type=int, default=12, help="synthetic ones, without --data")
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--pool", type=int, default=330_000)
    parser.add_argument("--nodes", type=int, default=8)
    args = parser.parse_args()
    device = choose_device(args.device)
    with tempfile.TemporaryDirectory() as name:
        data = args.data or large_photos(Path(name), args.photos)
        with make_project(Path(data), Path(name) / "project") as project:
            terms = measure(project, device, args.steps)
    print(f"{device}, {cpu_cores()} cores, {platform.machine()}")
    for what, value in terms.items():
        print(f"{what:24} {value:12.3f}" if value < 100 else f"{what:24} {value:12,.0f}")
    predict = terms["decode whole"] + terms["the same and full size"] + terms["write"]
    for what, each in (("predict all", predict), ("rank all", terms["look at one to rank"])):
        hours = args.pool * each / 3600
        print(f"{what}: {hours:,.1f} h with one worker, {hours / args.nodes:,.1f} h with {args.nodes}")
    for what in ("bytes a prediction", "bytes of features"):
        print(f"{what}: {args.pool * terms[what] / 1e9:,.2f} GB in all")


if __name__ == "__main__":
    main()
