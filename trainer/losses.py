"""Losses that leave out what nobody labelled. All compute in float32, outside autocast.

Notation (shapes): logits ``(N, K, H, W)``, target ``(N, H, W)`` with class indices and ``IGNORE``;
m = target is not IGNORE, p = softmax of the logits, t = one-hot target.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORE = 255


def cross_entropy(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Weighted cross-entropy, -sum m w_y log p_y / max(1, sum m w_y).

    Parameters
    ----------
    logits, target
        ``(N, K, H, W)`` and ``(N, H, W)``.
    weight
        One weight per class, ``(K,)``; ones if not given.

    Returns
    -------
    Tensor
        Scalar; zero with zero gradient where every pixel is IGNORE.
    """
    logits, target = logits.float(), target.long()
    losses = F.cross_entropy(logits, target, weight=weight, ignore_index=IGNORE, reduction="none")
    valid = target != IGNORE
    if weight is None:
        total = valid.sum().float()
    else:
        total = (weight.float()[target.masked_fill(~valid, 0)] * valid).sum()
    return losses.sum() / total.clamp(min=1.0)


def present_class_dice(logits: Tensor, target: Tensor, smooth: float = 1.0) -> Tensor:
    """Soft Dice over the classes present in the batch, 1 - mean_c (2 sum mpt + s) / (sum mp + sum mt + s).

    Averaging over all classes, as common libraries do, makes a false positive of an absent class cost
    nothing; here only classes with a labelled pixel count, and their competitors pay through them.

    Returns
    -------
    Tensor
        Scalar in [0, 1]; zero with zero gradient where every pixel is IGNORE.
    """
    logits, target = logits.float(), target.long()
    classes = logits.shape[1]
    valid = (target != IGNORE).unsqueeze(1)
    p = logits.softmax(dim=1) * valid
    one_hot = F.one_hot(target.masked_fill(target == IGNORE, 0), classes).movedim(-1, 1)
    t = one_hot.to(p.dtype) * valid
    axes = (0, 2, 3)
    sum_t = t.sum(axes)
    dice = (2 * (p * t).sum(axes) + smooth) / (p.sum(axes) + sum_t + smooth)
    present = sum_t > 0
    if not bool(present.any()):
        return logits.sum() * 0.0
    return 1 - dice[present].mean()


def class_weights(classes: int, uncertain: int | None, uncertain_weight: float) -> Tensor:
    """Cross-entropy weights ``(K,)``: ones, and ``uncertain_weight`` for the class of doubt."""
    weight = torch.ones(classes)
    if uncertain is not None:
        weight[uncertain] = uncertain_weight
    return weight
