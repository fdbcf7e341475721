"""Exponential moving average of a network's weights."""

from __future__ import annotations

import torch
from torch import nn


class Ema:
    """Exponential moving average of a network's weights and batch-norm statistics; frozen weights stay.

    The decay warms up, min(decay, (1 + n) / (10 + n)), so that random initial weights are soon forgotten, and
    so are those of a served model: with a decay of .99 from the start, 80 steps would leave 45 % of it.
    """

    def __init__(self, module: nn.Module, decay: float, count: int = 0) -> None:
        self.decay, self.count = decay, count
        self.weights = {k: v.detach().clone() for k, v in module.state_dict().items()}
        frozen = {name for name, p in module.named_parameters() if not p.requires_grad}
        self._changing = {k: v for k, v in self.weights.items() if k not in frozen}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take one step towards the network's current weights; whole numbers are copied."""
        decay = min(self.decay, (1 + self.count) / (10 + self.count))
        self.count += 1
        state = module.state_dict()
        floats = [k for k, v in self._changing.items() if v.is_floating_point()]
        torch._foreach_lerp_(
            [self.weights[k] for k in floats], [state[k].detach() for k in floats], 1 - decay
        )
        for k, v in self._changing.items():
            if not v.is_floating_point():
                v.copy_(state[k])
