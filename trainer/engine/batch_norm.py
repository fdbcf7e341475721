"""Batch-norm statistics for weights that are carried over to another task.

Why: taken over as they are, colorization weights can do worse than random ones. Their batch-norm statistics
are those of gray pictures, and the first steps at a full learning rate undo what they hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

if TYPE_CHECKING:
    from collections.abc import Iterator


@torch.no_grad()
def reestimate_batch_norm(network: nn.Module, images: Iterator[Tensor], batches: int) -> None:
    """Estimate every batch-norm layer's mean and variance as the plain average over some batches.

    Nothing else changes: no weight, no dropout state, and no label is looked at.

    Parameters
    ----------
    images
        Pictures in [-1, 1], ``(N, 3, H, W)`` with N of 2 or more.
    batches
        So many are drawn; 0 leaves the statistics alone.
    """
    layers = [m for m in network.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    if not layers or not batches:
        return
    modes = {module: module.training for module in network.modules()}
    momenta = [layer.momentum for layer in layers]
    try:
        network.eval()
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # to torch: a cumulative average
            layer.train()
        for _ in range(batches):
            network(next(images))
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        for module, mode in modes.items():
            module.training = mode
