"""Segmentation scores from one confusion matrix per photo. Plain numpy, no torch.

A confusion matrix ``N[i, j]`` counts labelled pixels of true class i predicted as j. Dice is
F1, 2TP / (2TP + FP + FN); IoU is TP / (TP + FP + FN) = Dice / (2 - Dice). A class absent from truth and
prediction has no score (NaN) and is left out of means; absent from the truth but predicted, it scores 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from trainer.labels.values import IGNORE

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Matrices = Counts | Floats
"""Confusion matrices; those of weighted photos are floats."""
Array = TypeVar("Array", Counts, Floats)


def confusion(target: npt.NDArray[np.uint8], prediction: npt.NDArray[np.uint8], classes: int) -> Counts:
    """Count (true, predicted) pairs over labelled pixels.

    Parameters
    ----------
    target
        Class indices, IGNORE where not labelled; ``(H, W)`` uint8.
    prediction
        Class indices, same shape.

    Returns
    -------
    ndarray
        ``(classes, classes)`` int64, rows are the truth.
    """
    valid = target != IGNORE
    pairs = target[valid].astype(np.int64) * classes + prediction[valid]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide; NaN where there is nothing below the line."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


@dataclass(frozen=True)
class ClassScores:
    """Scores of each class against the rest, each ``(..., K)`` float64 with NaN where it has none."""

    hit: Floats
    """Pixels of the class that are predicted as such."""
    truth: Floats
    """Pixels of the class."""
    predicted: Floats
    """Pixels predicted as the class."""
    total: Floats
    """All pixels, ``(..., 1)``."""

    @property
    def dice(self) -> Floats:
        """Dice coefficient, which is F1."""
        return ratio(2 * self.hit, self.truth + self.predicted)

    @property
    def iou(self) -> Floats:
        """Intersection over union, the Jaccard index."""
        return ratio(self.hit, self.truth + self.predicted - self.hit)

    @property
    def precision(self) -> Floats:
        """Share of the prediction that is right."""
        return ratio(self.hit, self.predicted)

    @property
    def recall(self) -> Floats:
        """Share of the truth that is found (sensitivity)."""
        return ratio(self.hit, self.truth)

    @property
    def specificity(self) -> Floats:
        """Share of the other classes' truth that is not predicted as this class."""
        others = self.total - self.truth
        return ratio(others - (self.predicted - self.hit), others)

    @property
    def accuracy(self) -> Floats:
        """Share of all pixels on which truth and prediction agree whether they are of this class."""
        wrong = self.truth + self.predicted - 2 * self.hit
        return ratio(self.total - wrong, self.total)


def class_scores(matrix: Matrices) -> ClassScores:
    """Score each class of one or many confusion matrices ``(..., K, K)``."""
    truth = matrix.sum(-1).astype(np.float64)
    return ClassScores(
        hit=np.diagonal(matrix, axis1=-2, axis2=-1).astype(np.float64),
        truth=truth,
        predicted=matrix.sum(-2).astype(np.float64),
        total=truth.sum(-1, keepdims=True),
    )


def macro(values: Floats, instead: Floats | None = None) -> Floats | float:
    """Average over the last axis without NaN; NaN where nothing is left.

    Parameters
    ----------
    instead
        What stands for NaN, ``(K,)``. A bootstrap sample without any photo of a rare class says nothing about
        it: then its value in all photos stands, so that every sample is a mean over the same classes.
    """
    values = values if instead is None else np.where(np.isnan(values), instead, values)
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(-1), known.sum(-1).astype(np.float64))


def without_class(matrix: Array, index: int | None) -> Array:
    """Drop the pixels whose truth is ``index`` (predicting it elsewhere still counts as an error)."""
    if index is None:
        return matrix
    kept = matrix.copy()
    kept[..., index, :] = 0
    return kept


def skin_or_not(matrix: Array, background: int) -> Array:
    """Merge every class but ``background`` into one: ``(..., 2, 2)``, background first."""
    b = background
    total = matrix.sum((-2, -1))
    both, truth, predicted = matrix[..., b, b], matrix[..., b, :].sum(-1), matrix[..., :, b].sum(-1)
    two = np.stack([both, truth - both, predicted - both, total - truth - predicted + both], axis=-1)
    return two.reshape(*matrix.shape[:-2], 2, 2)


def macro_dice(matrix: Matrices, whole: Matrices | None = None) -> Floats | float:
    """Average Dice over the classes that occur (in ``whole``, where the matrices are samples of it)."""
    return macro(class_scores(matrix).dice, None if whole is None else class_scores(whole).dice)


def eight_class_dice(matrix: Array, uncertain: int | None, whole: Array | None = None) -> Floats | float:
    """Average Dice with the pixels of the uncertain class ignored and the class left out."""

    def dice(counts: Array) -> Floats:
        values = class_scores(without_class(counts, uncertain)).dice
        return values if uncertain is None else np.delete(values, uncertain, axis=-1)

    return macro(dice(matrix), None if whole is None else dice(whole))


def interval(values: Floats, level: float = 0.95) -> tuple[float, float]:
    """Take the percentile interval of bootstrap values, NaN left out."""
    values = values[~np.isnan(values)]
    if not len(values):
        return (float("nan"), float("nan"))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return (float(low), float(high))
