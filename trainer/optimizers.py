"""The optimizer that the settings name, with the encoder in a group of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.optim import Optimizer

if TYPE_CHECKING:
    from trainer.plan import Plan


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
    if plan.optimizer == "adam":
        return torch.optim.Adam(named, lr=rate, betas=betas)
    return torch.optim.AdamW(named, lr=rate, betas=betas, weight_decay=plan.weight_decay)
