"""Losses of a detector's subnets, in float32, with unlabelled pixels left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from torch.nn import functional as F

from trainer.labels.values import IGNORE
from trainer.losses.segmentation import focal, jaccard_distance

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class DetectionLosses:
    """Choice of a detector's losses, and of the sample they are taken over."""

    objectness: Literal["ce", "focal"] = "ce"
    """Of the proposals: cross-entropy over a balanced sample of anchors, or the focal loss over all."""
    rho: float = 10.0
    """Weight of the proposals' box regression."""
    masks: Literal["bce", "jaccard"] = "bce"
    """Binary cross-entropy, alone or with the Jaccard distance."""
    delta: float = 100.0
    """Smoothing of the Jaccard distance."""
    rois: int = 32
    """Proposals of each photo that the subnets learn from."""
    positive: float = 0.25
    """Largest share of them that lies on regions."""
    jittered: int = 0
    """Proposals made of each true box by moving its edges: needed while the network's own are poor."""


def focal_objectness(logits: Tensor, labels: Tensor, alpha: float = 0.25, beta: float = 2.0) -> Tensor:
    """Focal loss over labelled anchors, divided by the number of positive ones (at least 1).

    - alpha t (1 - p)^beta log p - (1 - alpha) (1 - t) p^beta log(1 - p)

    Parameters
    ----------
    logits, labels
        ``(A,)``; a label is 1, 0, or -1 where it does not count.
    """
    positive = (labels > 0).sum()
    loss: Tensor = focal(logits, labels.masked_fill(labels < 0, IGNORE), alpha, beta, total=positive)
    return loss


def mask_loss(
    logits: Tensor, target: Tensor, known: Tensor, term: Literal["bce", "jaccard"], delta: float = 100.0
) -> Tensor:
    """Binary cross-entropy of each mask, with the Jaccard distance as an option; mean over the masks.

    Parameters
    ----------
    logits, target, known
        ``(B, M, M)``; only pixels with ``known`` 1 count.
    delta
        Smoothing: distance = 1 - (I + delta) / (S - I + delta), I = sum of p t, S = sum of p + sum of t.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none") * known
    loss = (entropy.sum((1, 2)) / known.sum((1, 2)).clamp(min=1)).mean()
    if term == "jaccard":
        loss = loss + jaccard_distance(logits.sigmoid(), target.masked_fill(known == 0, IGNORE), delta)
    return loss
