"""Small heads on reduced features: the probe of a simulation, trained in a fraction of a second."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.features.bank import LabelledPixels, PixelBatches

if TYPE_CHECKING:
    from collections.abc import Sequence


HEADS, WIDTH, STEPS, PIXELS = 4, 32, 100, 400
RATE, DECAY, DROPOUT = 1.5e-2, 5e-2, 0.3


class Heads(nn.Module):
    """M heads of Linear, ReLU, dropout, Linear, as those of `Probe`."""

    def __init__(self, dims: int, classes: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(dims, HEADS * WIDTH)
        self.dropout = nn.Dropout(DROPOUT)
        self.out_MKW = nn.Parameter(torch.empty(HEADS, classes, WIDTH).uniform_(-1, 1) * WIDTH**-0.5)
        self.out_bias_MK = nn.Parameter(torch.zeros(HEADS, classes))

    def forward(self, features_BE: Tensor) -> Tensor:
        """Logits ``(B, M, K)``."""
        hidden = self.dropout(F.relu(self.hidden(features_BE))).unflatten(1, (HEADS, WIDTH))
        logits: Tensor = torch.einsum("bmw,mkw->bmk", hidden, self.out_MKW) + self.out_bias_MK
        return logits

    @torch.inference_mode()
    def probabilities(self, features_BE: Tensor) -> Tensor:
        """Probabilities of each head, ``(B, M, K)``."""
        found: Tensor = self(features_BE).softmax(dim=2)
        return found


def train_heads(entries: Sequence[LabelledPixels], classes: int, seed: int, steps: int = STEPS) -> Heads:
    """Train on labelled pixels of some photos; the same seed gives the same heads."""
    batches = PixelBatches(list(entries), PIXELS, HEADS, seed, torch.device("cpu"))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        heads = Heads(entries[0].own.shape[1], classes)
        optimizer = torch.optim.AdamW(heads.parameters(), RATE, weight_decay=DECAY)
        for step in range(steps):
            warm = min(1.0, (step + 1) / (0.1 * steps))
            for group in optimizer.param_groups:
                group["lr"] = RATE * warm * 0.5 * (1 + math.cos(math.pi * step / steps))
            batch = batches.batch(step)
            logits = heads(batch.image)
            target = batch.target[:, None].expand(-1, HEADS)
            each = F.cross_entropy(logits.movedim(1, 2), target, reduction="none")
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward((each * batch.weight).mean(dim=0).sum())
            optimizer.step()
    return heads.eval()
