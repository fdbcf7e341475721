"""Maps of likely errors, by the discriminator stored beside a model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional as F

from trainer.errors import SkinsegError
from trainer.networks.discriminators import Discriminator, build_discriminator
from trainer.networks.weights import read_weights

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

COMPANION = "discriminator"


def load_discriminator(folder: Path, card: dict[str, Any], device: torch.device) -> Discriminator | None:
    """Load the discriminator of a model folder, in eval mode; None where none can be read.

    A damaged one is named in the log: the model itself still predicts.
    """
    about = card.get("companions", {}).get(COMPANION)
    if not about:
        return None
    try:
        network = build_discriminator(**about)
        network.load_state_dict(read_weights(folder / f"{COMPANION}.safetensors"))
    except (SkinsegError, TypeError, RuntimeError) as error:
        log.warning("no map of likely errors: %s", str(error).splitlines()[0])
        return None
    return network.to(device).eval()


def error_map(discriminator: Discriminator, image: Tensor, probabilities: Tensor) -> Tensor:
    """1 - sigmoid(D(x, p)) for every pixel, ``(N, 1, H, W)`` float32; 1 means surely wrong.

    A coarser answer is scaled up bilinearly.

    Parameters
    ----------
    image, probabilities
        ``(N, 3, H, W)`` in [-1, 1] and ``(N, K, H, W)``, as the discriminator met them in training.
    """
    height, width = image.shape[-2:]
    seen = torch.cat([image, probabilities.to(image.dtype)], dim=1)
    side = discriminator.smallest * discriminator.stride
    below, right = max(0, side - height), max(0, side - width)
    logits = discriminator(discriminator.coarse(F.pad(seen, (0, right, 0, below)))).float()
    size = (height + below, width + right)
    logits = F.interpolate(logits, size=size, mode="bilinear", align_corners=False)
    return 1 - logits[..., :height, :width].sigmoid()
