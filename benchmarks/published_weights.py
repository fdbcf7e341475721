"""Check converted weights against natural photos: every tensor must sit in its place.

    python -m benchmarks.published_weights --photos FOLDER

Photos that run through an encoder must meet each batch norm with the mean and variance that it stored in
training. Filters in another order show what a mistake would look like.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from trainer.networks.published.folder import list_weights
from trainer.networks.published.frozen_encoder import FrozenEncoder, load_frozen_encoder


def photos(folder: Path, side: int = 224, most: int = 32) -> Tensor:
    """The middles of some photos, ``(N, 3, side, side)`` in [0, 1]."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    pictures = []
    for path in files[:: max(1, len(files) // most)][:most]:
        photo = Image.open(path).convert("RGB")
        scale = side / min(photo.size)
        width, height = (max(side, round(s * scale)) for s in photo.size)
        photo = photo.resize((width, height), Image.Resampling.BICUBIC)
        left, top = (width - side) // 2, (height - side) // 2
        pictures.append(np.asarray(photo.crop((left, top, left + side, top + side))))
    return torch.from_numpy(np.stack(pictures)).movedim(-1, 1).float() / 255


@torch.inference_mode()
def drift(network: nn.Module, batch: Tensor) -> dict[str, float]:
    """How far the activations are from what each batch norm remembers, medians over layers and channels.

    Returns
    -------
    dict of str to float
        ``mean``: |mean - stored| in stored standard deviations; ``variance``: |log2 of the ratio|.
    """
    means: list[Tensor] = []
    ratios: list[Tensor] = []

    def look(layer: nn.BatchNorm2d, args: tuple[Tensor, ...]) -> None:
        variance, mean = torch.var_mean(args[0], dim=(0, 2, 3))
        assert layer.running_mean is not None
        assert layer.running_var is not None
        means.append((mean - layer.running_mean).abs() / (layer.running_var + layer.eps).sqrt())
        ratios.append(((variance + layer.eps) / (layer.running_var + layer.eps)).log2().abs())

    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    handles = [layer.register_forward_pre_hook(look) for layer in layers]
    network.eval()(batch)
    for handle in handles:
        handle.remove()
    return {
        "mean": float(torch.cat(means).median()),
        "variance": float(torch.cat(ratios).median()),
    }


def check(encoder: FrozenEncoder, batch: Tensor) -> dict[str, dict[str, float]]:
    """Drift of an encoder as it is, and with the filters of each layer shuffled."""
    found = {"as converted": drift(encoder, batch)}
    shuffled = copy.deepcopy(encoder)
    for layer in shuffled.modules():  # what a wrong order would look like: the same weights, out of place
        if isinstance(layer, nn.Conv2d):
            layer.weight.data = layer.weight.data[torch.randperm(len(layer.weight))]
    found["filters out of order"] = drift(shuffled, batch)
    return found


def main() -> int:
    """Check all published weights that are at hand."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True, help="folder of natural photos")
    batch = photos(parser.parse_args().photos) * 2 - 1
    torch.manual_seed(0)
    found = {
        item.weights.name: check(load_frozen_encoder(item.weights), batch)
        for item in list_weights()
        if item.path is not None
    }
    print(json.dumps(found, indent=2))
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
