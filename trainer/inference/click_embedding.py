"""The embedding of a photo that clicks are answered from: MobileSAM's image encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from timm.layers.norm import LayerNorm2d
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.data.fit import fit_photo
from trainer.engine.device import choose_device
from trainer.errors import WeightsError
from trainer.networks.backbone import TimmBackbone
from trainer.networks.published.registry import MOBILESAM
from trainer.networks.weights import load_matching, read_weights

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FRAME = 1024
"""Side of the square that a photo is scaled into, and filled up to at the bottom and the right."""
CHANNELS = 256


class ClickEncoder:
    """TinyViT and its neck as MobileSAM's authors trained them.

    Parameters
    ----------
    encoder, decoder
        The two files of MobileSAM's weights; the second holds the neck.
    device
        ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises
    ------
    WeightsError
        A file is of another network.
    SkinsegError
        A file is missing or damaged, or there is no such device.
    """

    def __init__(self, encoder: Path, decoder: Path, device: str = "cpu") -> None:
        self._device = torch.device(choose_device(device))
        backbone = TimmBackbone(MOBILESAM.encoders[0].removeprefix("tu-"), output_stride=16)
        _load(backbone.model, encoder)
        neck = nn.Sequential(
            nn.Conv2d(backbone.channels[-1], CHANNELS, kernel_size=1, bias=False),
            LayerNorm2d(CHANNELS),
            nn.Conv2d(CHANNELS, CHANNELS, kernel_size=3, padding=1, bias=False),
            LayerNorm2d(CHANNELS),
        )
        _load(nn.ModuleDict({"neck": neck}), decoder)
        self._backbone = backbone.to(self._device)
        self._neck = neck.to(self._device).eval()
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in (MOBILESAM.scale.mean, MOBILESAM.scale.std))
        self._mean, self._std = mean.to(self._device), std.to(self._device)

    def embed(self, photo: NDArray[np.uint8]) -> NDArray[np.float16]:
        """Embed a photo ``(H, W, 3)``, upright; float16 ``(256, 64, 64)`` over the whole square."""
        embedding: NDArray[np.float16] = self.features(photo).half().cpu().numpy()
        return embedding

    @torch.inference_mode()
    def features(self, photo: NDArray[np.uint8]) -> Tensor:
        """Compute the embedding in full precision, on the device.

        The photo is made small before it becomes a tensor, so that its size costs no more than a copy.
        """
        small = np.array(fit_photo(photo, "pad", FRAME))  # a copy: torch wants to own what it reads
        image = torch.from_numpy(small).to(self._device).movedim(-1, 0).float() / 255
        image = (image - self._mean) / self._std
        below, right = FRAME - image.shape[1], FRAME - image.shape[2]
        square = F.pad(image, (0, right, 0, below))[None]
        embedding: Tensor = self._neck(self._backbone(square)[-1])[0]
        return embedding


def _load(module: nn.Module, path: Path) -> None:
    """Load every tensor of a module out of a file that may hold more."""
    match = load_matching(module, read_weights(path))
    if match.missing or match.other_shape:
        raise WeightsError(
            f"{path} is not of {MOBILESAM.network} ({match.sentence()}): remove it and run skinseg weights "
            f"get {MOBILESAM.name}"
        )
