"""Scores as the sources compute them, so that figures can stand beside theirs. All are of skin or lesion.

They differ from ours on purpose: means over photos or batches instead of pooled pixels, other answers where
a class is absent, and smoothing terms.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluation.scores.headlines import BinaryScores, binary_scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.evaluation.metrics import Counts, Floats

MODES = ("default", "isic", "keras_dice", "smp_batch_iou")


def isic(matrices: Counts) -> BinaryScores:
    """Compute the five figures of each photo as the ISIC challenges do; the score is their mean.

    Where a ratio has nothing below the line it is 1: no lesion and none predicted is a perfect answer, and
    so is the sensitivity of a photo without lesion (ISIC challenge scoring, ``metrics.py``).

    Parameters
    ----------
    matrices
        Per photo ``(P, 2, 2)``, background first.
    """
    scores = binary_scores(matrices)
    return BinaryScores(
        **{field.name: np.nan_to_num(getattr(scores, field.name), nan=1.0) for field in fields(scores)}
    )


def keras_dice(sums: Floats, batch: int = 1, smooth: float = 1.0) -> Floats:
    """Soft Dice flattened over each batch, ``(B,)``, as in the Keras U-Net examples.

    (2 Σpt + smooth) / (Σp + Σt + smooth), p the probability of skin.

    Parameters
    ----------
    sums
        Σpt, Σp and Σt of each photo, ``(P, 3)``.
    batch
        Photos per batch, in their order; the last may be smaller.
    """
    pooled = np.stack([part.sum(0) for part in _batches(sums, batch)])
    return np.asarray((2 * pooled[:, 0] + smooth) / (pooled[:, 1] + pooled[:, 2] + smooth))


def smp_batch_iou(matrices: Counts, batch: int = 1, eps: float = 1e-7) -> Floats:
    """IoU of each batch at threshold .5, ``(B,)``, as segmentation_models_pytorch's ``utils.metrics.IoU``.

    Parameters
    ----------
    matrices
        Per photo ``(P, 2, 2)`` of p(skin) > .5, background first.
    batch
        Photos per batch, in their order.
    """
    pooled = np.stack([part.sum(0) for part in _batches(matrices, batch)]).astype(np.float64)
    both, either = pooled[:, 1, 1], pooled[:, 1, 1] + pooled[:, 0, 1] + pooled[:, 1, 0]
    return np.asarray((both + eps) / (either + eps))


def _batches(values: Counts | Floats, batch: int) -> Iterator[Counts | Floats]:
    for start in range(0, len(values), batch):
        yield values[start : start + batch]
