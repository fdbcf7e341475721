"""Optimizers with the encoder in a group of its own, and the learning-rate schedule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch.optim import Optimizer

    from trainer.settings.plan import Plan


def make_optimizer(plan: Plan, network: nn.Module, lr: float | None = None) -> Optimizer:
    """Adam or AdamW over a network's parameters.

    Parameters
    ----------
    plan
        ``optimizer``, ``beta1``, ``weight_decay`` and ``lr``.
    network
        Parameters under ``encoder.`` make the group ``encoder``, which a round may hold back.
    lr
        Takes the place of ``plan.lr``.
    """
    groups: dict[str, list[nn.Parameter]] = {"encoder": [], "head": []}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups["encoder" if "encoder" in name.split(".") else "head"].append(parameter)
    named = [{"name": name, "params": parameters} for name, parameters in groups.items() if parameters]
    rate, betas = plan.lr if lr is None else lr, (plan.beta1, 0.999)
    if plan.optimizer == "adam":  # of the sources' methods, whose runs stay comparable with those before
        return torch.optim.Adam(named, lr=rate, betas=betas)
    # fused: one pass over the weights in place of one for each operation
    return torch.optim.AdamW(named, lr=rate, betas=betas, weight_decay=plan.weight_decay, fused=True)


def lr_factor(step: int, steps: int, warmup: float = 0.1, floor: float = 0.0) -> float:
    """Learning-rate factor at ``step`` of ``steps``: linear warm-up over a share, then a cosine to ``floor``.

    The first step already moves (factor 1/n over n warm-up steps), the peak 1 is at the end of the warm-up.
    """
    rising = max(1, round(warmup * steps)) if warmup > 0 else 0
    if step < rising:
        return (step + 1) / rising
    progress = (step - rising) / max(1, steps - rising)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def set_rates(
    optimizers: Iterable[Optimizer], factor: float, factor_of: Callable[[str], float] = lambda group: 1.0
) -> None:
    """Set each parameter group's rate to its own initial rate times both factors.

    Parameters
    ----------
    factor
        Of all groups.
    factor_of
        Called with a group's name, which is empty where it has none.
    """
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            initial = group.setdefault("initial_lr", group["lr"])
            group["lr"] = initial * factor * factor_of(group.get("name", ""))


def epoch_of(step: int, steps: int, epochs: int) -> int:
    """Epochs completed before ``step`` of ``steps``: 0 at first, ``epochs`` at the end."""
    return step * epochs // steps
