"""What a probe saves: Dice and the simulated annotator's seconds on real photos, by numbers of labels.

    python -m benchmarks.probe DATA --labels 12 41 --draws 5 --out benchmarks/results/probe.json

DATA is a folder with ``index.csv`` (columns id and split), ``images/ID.jpg`` and ``masks/ID.png`` (pixel =
class index). Labels are drawn from its train photos; measured are its val photos, each with
and without the suggestion: seconds of annotation as a share of painting from nothing. Nothing of DATA is
written anywhere but to the cache folder.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from trainer.data.photo_cache import DecodedCache, resize_nearest
from trainer.effort.costs import HANDS
from trainer.effort.hand import Hand
from trainer.effort.paired import paired_share
from trainer.engine.ema import Ema
from trainer.engine.optim import lr_factor
from trainer.features.backbones import choose_backbone
from trainer.features.bank import PixelBank, PixelBatches, draw_pixels
from trainer.features.cache import FeatureExtractor
from trainer.inference.edges import refined_bands
from trainer.inference.predictor import to_working_size
from trainer.networks.architectures import build_segmenter
from trainer.networks.pretrained import initialise
from trainer.networks.probe import ProbeSegmenter, to_size
from trainer.settings.probe import ProbeOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

Bytes = npt.NDArray[np.uint8]
CLASSES = 9


@dataclass(frozen=True)
class Example:
    """One photo with its truth at working size, and its truth as the annotator sees it."""

    name: str
    split: str
    photo: Bytes
    target: Bytes
    full: Bytes


def read_examples(data: Path, long_side: int) -> list[Example]:
    """Every labelled photo of a folder."""
    rows = list(csv.DictReader((data / "index.csv").open(encoding="utf-8")))
    found = []
    for row in rows:
        photo = np.asarray(Image.open(data / "images" / f"{row['id']}.jpg").convert("RGB"))
        mask = np.asarray(Image.open(data / "masks" / f"{row['id']}.png"))
        working = to_working_size(photo, long_side)
        target = resize_nearest(mask, *working.shape[:2])
        found.append(Example(row["id"], row["split"], working, target, mask + np.uint8(1)))
    return found


def train(
    segmenter: ProbeSegmenter,
    extractor: FeatureExtractor,
    labelled: Sequence[Example],
    options: ProbeOptions,
    seed: int,
) -> float:
    """Train the heads as the recipe does; returns the seconds of processor time without the features."""
    bank = PixelBank(options.bank)
    for example in labelled:
        for mirrored in (False, True)[: 1 + options.mirrored]:
            target = example.target[:, ::-1] if mirrored else example.target
            photo = example.photo[:, ::-1] if mirrored else example.photo
            name = f"{example.name}{'-m' if mirrored else ''}"
            stages = extractor.stages(photo)
            bank.add(name, draw_pixels(stages, target, options.per_class, name))
    started = time.process_time()
    torch.manual_seed(seed)
    network = segmenter.network
    batches = PixelBatches(bank.entries(), options.pixels, options.heads, seed, torch.device("cpu"))
    network.standardise(*batches.statistics())
    torch.nn.init.kaiming_uniform_(network.hidden.weight, a=5**0.5)
    torch.nn.init.uniform_(network.out_MKW, -(options.width**-0.5), options.width**-0.5)
    torch.nn.init.zeros_(network.out_bias_MK)
    segmenter.train()
    network.dropout.p = options.dropout_heads
    learning = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=options.lr_heads, weight_decay=options.decay_heads)
    average = Ema(segmenter, 0.99)
    for step in range(options.steps_heads):
        for group in optimizer.param_groups:
            group["lr"] = options.lr_heads * lr_factor(step, options.steps_heads)
        batch = batches.batch(step)
        logits = network.pixel_logits(batch.image).movedim(1, 2)
        target = batch.target[:, None].expand(-1, options.heads)
        each = torch.nn.functional.cross_entropy(logits, target, reduction="none")
        optimizer.zero_grad()
        (each * batch.weight).mean(dim=0).sum().backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        average.update(segmenter)
    segmenter.load_state_dict(average.weights)
    segmenter.eval()
    return time.process_time() - started


@torch.inference_mode()
def predict(
    segmenter: ProbeSegmenter, extractor: FeatureExtractor, example: Example, edges: bool
) -> torch.Tensor:
    """Probabilities at working size from features in the cache, with or without edge refinement."""
    stages = [s[None].float() for s in extractor.stages(example.photo)]
    heads = segmenter.network.heads_on(stages)
    height, width = example.target.shape
    padded = (height + -height % 32, width + -width % 32)
    maps = to_size(heads.softmax(dim=2).mean(dim=0), padded)[0, :, :height, :width]
    if edges:
        maps = torch.cat([b for _, b in refined_bands([(0, maps)], example.photo, CLASSES)], dim=1)
    return maps


def dice(confusions: npt.NDArray[np.int64]) -> float:
    """Mean Dice over the classes of the truth, of summed confusion matrices."""
    both, own, given = np.diag(confusions), confusions.sum(1), confusions.sum(0)
    return float((2 * both / np.maximum(1, own + given))[own > 0].mean())


def measure(args: argparse.Namespace, options: ProbeOptions) -> dict[str, object]:
    """Every number of labels and every draw."""
    torch.set_num_threads(1)
    choice = choose_backbone(options.backbone, None)
    segmenter = build_segmenter(
        "probe",
        choice.encoder,
        CLASSES,
        heads=options.heads,
        width=options.width,
        output_stride=choice.output_stride,
    )
    assert isinstance(segmenter, ProbeSegmenter)
    print("features:", initialise(segmenter, choice.init, Path("pretrained")), flush=True)
    extractor = FeatureExtractor(segmenter.eval(), DecodedCache(args.cache, 20_000_000_000))
    examples = read_examples(args.data, options.photo_side)
    pool = [e for e in examples if e.split == "train"]
    val = [e for e in examples if e.split == "val"][:: args.every]
    hands = {name: Hand(costs) for name, costs in HANDS.items() if args.seconds}
    nothing = {name: [hand.seconds_from_nothing(e.full) for e in val] for name, hand in hands.items()}
    rows: list[dict[str, object]] = []
    for labels in args.labels:
        for draw in range(args.draws):
            order = np.random.default_rng(draw).permutation(len(pool))[:labels]
            cpu = train(segmenter, extractor, [pool[i] for i in order], options, draw)
            for edges in (False, True):
                confusions = np.zeros((CLASSES, CLASSES), np.int64)
                spent: dict[str, list[float]] = {name: [] for name in hands}
                for e in val:
                    index = predict(segmenter, extractor, e, edges).argmax(0).numpy().astype(np.uint8)
                    pairs = e.target.astype(np.int64) * CLASSES + index
                    confusions += np.bincount(pairs.ravel(), minlength=CLASSES**2).reshape(CLASSES, CLASSES)
                    suggestion = resize_nearest(index, *e.full.shape) + np.uint8(1)
                    for name, hand in hands.items():
                        spent[name].append(hand.seconds(suggestion, e.full))
                row: dict[str, object] = {"labels": labels, "draw": draw, "edges": edges}
                row |= {"dice": round(dice(confusions), 4), "trained_cpu_s": round(cpu, 2)}
                row |= {name: str(paired_share(spent[name], nothing[name])) for name in hands}
                print(row, flush=True)
                rows.append(row)
    return {"backbone": choice.name, "options": options.model_dump(), "photos": len(val), "rows": rows}


def main() -> None:
    """Measure, and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--labels", type=int, nargs="+", default=[12, 41])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--every", type=int, default=1, help="measure on every n-th val photo")
    parser.add_argument("--seconds", action="store_true", help="also simulate the annotator")
    parser.add_argument("--cache", type=Path, default=None, help="folder for features")
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="options of [probe]")
    args = parser.parse_args()
    options = ProbeOptions.model_validate(dict(pair.split("=", 1) for pair in args.set))
    found = measure(args, options)
    if args.out is not None:
        args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
