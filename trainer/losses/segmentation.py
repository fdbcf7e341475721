"""Losses that leave out unlabelled pixels. All compute in float32, outside autocast.

Each is that of the whole batch, also where several processes share it.

Notation (shapes): logits ``(N, K, H, W)``, target ``(N, H, W)`` with class indices and ``IGNORE``;
m = target is not IGNORE, p = softmax of the logits, t = one-hot target.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from trainer.engine.one_batch import pooled
from trainer.labels.values import IGNORE


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
    return pooled(losses.sum()) / pooled(total).clamp(min=1.0)


def present_class_dice(logits: Tensor, target: Tensor, smooth: float = 1.0) -> Tensor:
    """Soft Dice over the classes present in the batch, 1 - mean_c (2 sum mpt + s) / (sum mp + sum mt + s).

    Averaging over all classes, as common libraries do, makes a false positive of an absent class cost
    nothing; here only classes with a labelled pixel count, and their competitors pay through them.

    Returns
    -------
    Tensor
        Scalar in [0, 1]; zero with zero gradient where every pixel is IGNORE.
    """
    logits, target = logits.float(), target.long().unsqueeze(1)
    valid = target != IGNORE
    p = logits.softmax(dim=1) * valid
    # F.one_hot would make whole numbers of eight bytes, and the transposed copy of them
    t = torch.zeros_like(p).scatter_(1, target.masked_fill(~valid, 0), valid.to(p.dtype))
    axes = (0, 2, 3)
    both, sum_p, sum_t = pooled(torch.stack([(p * t).sum(axes), p.sum(axes), t.sum(axes)]))
    dice: Tensor = (2 * both + smooth) / (sum_p + sum_t + smooth)
    present = sum_t > 0
    if not bool(present.any()):
        return logits.sum() * 0.0
    return 1 - dice[present].mean()


def flat_dice(logits: Tensor, target: Tensor, background: int = 0, smooth: float = 1.0) -> Tensor:
    """Soft Dice coefficient with everything flattened, (2 sum mpt + s) / (sum mp + sum mt + s).

    The sums run over the batch, its pixels, and all classes but the background: with two classes this is
    Keras' customary ``dice_coef`` of the foreground. A loss is its negative, or 1 minus it.

    Returns
    -------
    Tensor
        Scalar in (0, 1]; one with zero gradient where every pixel is IGNORE.
    """
    logits, target = logits.float(), target.long()
    valid = (target != IGNORE).unsqueeze(1)
    p = logits.softmax(dim=1) * valid
    foreground = [index for index in range(logits.shape[1]) if index != background]
    t = torch.stack([target == index for index in foreground], dim=1).to(p.dtype)
    p = p[:, foreground]
    both, sum_p, sum_t = pooled(torch.stack([(p * t).sum(), p.sum(), t.sum()]))
    dice: Tensor = (2 * both + smooth) / (sum_p + sum_t + smooth)
    return dice


def thresholded_iou(
    probabilities: Tensor, target: Tensor, background: int = 0, threshold: float = 0.5
) -> Tensor:
    """Intersection over union of the foreground after a threshold, as segmentation_models_pytorch has it.

    Parameters
    ----------
    probabilities, target
        ``(N, K, H, W)`` and ``(N, H, W)``; all classes but the background are flattened into one.

    Returns
    -------
    Tensor
        Scalar, (I + 1e-7) / (U + 1e-7) over labelled pixels: 1 where there is nothing and nothing was found.
    """
    valid = (target != IGNORE).unsqueeze(1)
    foreground = [index for index in range(probabilities.shape[1]) if index != background]
    found = (probabilities[:, foreground] > threshold) & valid
    there = torch.stack([target == index for index in foreground], dim=1)
    both = (found & there).sum().float()
    return (both + 1e-7) / ((found | there).sum().float() + 1e-7)


def focal(
    logits: Tensor,
    target: Tensor,
    alpha: float = 0.25,
    beta: float = 2.0,
    total: Tensor | float | None = None,
) -> Tensor:
    """Binary focal loss, -a t (1 - p)^b log p - (1 - a)(1 - t) p^b log(1 - p) (Lin et al. 2017, eq. 5).

    Parameters
    ----------
    logits, target
        Of one shape, any; p = sigmoid of the logits, targets are 0, 1 or IGNORE.
    total
        What the sum is divided by, as the number of positives; by default that of targets not IGNORE.
        Never less than one.
    """
    logits, target = logits.float(), target.float()
    valid = target != IGNORE
    t = target * valid
    log_p, log_q = F.logsigmoid(logits), F.logsigmoid(-logits)
    losses = -alpha * t * (beta * log_q).exp() * log_p - (1 - alpha) * (1 - t) * (beta * log_p).exp() * log_q
    total = valid.sum() if total is None else torch.as_tensor(total, device=logits.device)
    return (losses * valid).sum() / total.clamp(min=1)


def jaccard_distance(probabilities: Tensor, target: Tensor, delta: float = 100.0) -> Tensor:
    """Smoothed Jaccard distance, 1 - (I + d) / (S - I + d), of each map by itself, then their mean.

    Parameters
    ----------
    probabilities, target
        ``(N, ...)`` of one shape; targets are 0, 1 or IGNORE. I is the sum of products, S that of both.

    Returns
    -------
    Tensor
        Scalar in [0, 1); zero with zero gradient for N = 0.
    """
    p, target = probabilities.float(), target.float()
    valid = target != IGNORE
    p, t = (p * valid).flatten(1), (target * valid).flatten(1)
    intersection = (p * t).sum(1)
    total = p.sum(1) + t.sum(1)
    distance = 1 - (intersection + delta) / (total - intersection + delta)
    return distance.sum() / max(1, len(distance))


def class_weights(classes: int, uncertain: int | None, uncertain_weight: float) -> Tensor:
    """Cross-entropy weights ``(K,)``: ones, and ``uncertain_weight`` for the class of doubt."""
    weight = torch.ones(classes)
    if uncertain is not None:
        weight[uncertain] = uncertain_weight
    return weight
