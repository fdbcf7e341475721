"""Exponential moving averages of a network's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn


def warm_up_decay(decay: float, count: int) -> float:
    """Return the decay of update ``count``, min(decay, (1 + count) / (10 + count)).

    Random initial weights are soon forgotten, and so are those of a served model: with a decay of .99 from
    the start, 80 steps would leave 45 % of them.
    """
    return min(decay, (1 + count) / (10 + count))


@torch.no_grad()
def update_average(average: Mapping[str, Tensor], current: Mapping[str, Tensor], decay: float) -> None:
    """Move an average in place towards current values, decay * average + (1 - decay) * current.

    Parameters
    ----------
    average, current
        Tensors by name; whole numbers, as counters of batches, are copied.
    """
    floats = [name for name, value in average.items() if value.is_floating_point()]
    torch._foreach_lerp_(
        [average[name] for name in floats], [current[name].detach() for name in floats], 1 - decay
    )
    for name in average.keys() - set(floats):
        average[name].copy_(current[name])


class Ema:
    """Average of a network's weights and batch-norm statistics, whose decay warms up; frozen weights stay.

    Parameters
    ----------
    module
        Its weights are where the average begins.
    decay
        Reached after the warm-up.
    count
        Updates that were made before.
    """

    def __init__(self, module: nn.Module, decay: float, count: int = 0) -> None:
        self.decay, self.count = decay, count
        self.weights = {k: v.detach().clone() for k, v in module.state_dict().items()}
        frozen = {name for name, p in module.named_parameters() if not p.requires_grad}
        # and a frozen backbone's statistics: to average those took longer than to train a probe's heads
        frozen.update(getattr(module, "frozen_tensors", list)())
        self._changing = {k: v for k, v in self.weights.items() if k not in frozen}

    def update(self, module: nn.Module) -> None:
        """Take one step towards the network's current weights."""
        current = {name: _tensor(module, name) for name in self._changing}
        update_average(self._changing, current, warm_up_decay(self.decay, self.count))
        self.count += 1


def _tensor(module: nn.Module, name: str) -> Tensor:
    owner, _, attribute = name.rpartition(".")
    tensor: Tensor = getattr(module.get_submodule(owner), attribute)
    return tensor
