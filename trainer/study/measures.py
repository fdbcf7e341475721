"""Measures of a study: scores of one run as functions of how often each test photo counts. No torch.

A run keeps, per test photo, its confusion matrix and for each class whether it is there and how sure the
model was of that. Every score can then be taken on any resample of the photos.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.evaluation.metrics import Counts, Floats, Matrices, class_scores, macro, ratio, skin_or_not
from trainer.evaluation.scores.headlines import dice2, dice8, dice9

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.labels.classes import ClassSet


@dataclass(frozen=True)
class Evidence:
    """Evidence of one run: what it found on each test photo."""

    matrices: Counts
    """``(P, K, K)``, rows are the truth."""
    present: npt.NDArray[np.bool_]
    """``(P, K)``, whether the class is in the true mask."""
    confidence: Floats
    """``(P, K)`` in [0, 1]: the probability of the class' best box, or of its surest pixel; 0: not found."""


@dataclass(frozen=True)
class Measure:
    """Measure with its title."""

    title: str
    of: Callable[[Evidence, Floats, ClassSet], Floats]
    """From evidence, photo weights ``(D, P)`` and classes to ``(D,)``; NaN where it has no value."""


def class_score(matrix: Matrices, name: str) -> Floats:
    """Score each class of matrices ``(..., K, K)`` by ``dice``, ``iou``, ``recall`` and the like.

    A class absent from truth and prediction has no score, also where specificity and accuracy have a value.
    """
    scores = class_scores(matrix)
    absent = scores.truth + scores.predicted == 0
    return np.where(absent, np.nan, getattr(scores, name))


def _mean(values: Floats) -> Floats:
    return np.asarray(macro(values))


def pooled(evidence: Evidence, weights: Floats) -> Floats:
    """Pool the photos' confusion matrices by weights: ``(D, K, K)``."""
    return np.tensordot(weights, evidence.matrices.astype(np.float64), axes=(1, 0))


def _mean_over_classes(name: str) -> Callable[[Evidence, Floats, ClassSet], Floats]:
    """Make a mean over the classes that occur; of two classes, the one that is not background."""

    def of(evidence: Evidence, weights: Floats, classes: ClassSet) -> Floats:
        values = class_score(pooled(evidence, weights), name)
        if classes.count == 2:
            return values[..., 1 - classes.background]
        return _mean(values)

    return of


def _headline(score: Callable[[Floats, ClassSet], Floats]) -> Callable[[Evidence, Floats, ClassSet], Floats]:
    """Make a measure of the pixels of all photos pooled."""
    return lambda evidence, weights, classes: score(pooled(evidence, weights), classes)


def _skin_iou_each_photo(evidence: Evidence, weights: Floats, classes: ClassSet) -> Floats:
    matrix = skin_or_not(evidence.matrices, classes.background)
    return _weighted_mean(class_score(matrix, "iou")[:, 1], weights)


def _weighted_mean(photo: Floats, weights: Floats) -> Floats:
    """Average over photos with weights ``(D, P)``, those without a value left out."""
    known = ~np.isnan(photo)
    return ratio(weights @ np.where(known, photo, 0.0), weights @ known.astype(np.float64))


def _each_photo(name: str) -> Callable[[Evidence, Floats, ClassSet], Floats]:
    """Make a mean over photos of the photo's own score, as the ISIC challenge takes it."""

    def of(evidence: Evidence, weights: Floats, classes: ClassSet) -> Floats:
        values = class_score(evidence.matrices, name)
        photo = values[:, 1 - classes.background] if classes.count == 2 else _mean(values)
        return _weighted_mean(photo, weights)

    return of


def _over_classes(
    score: Callable[[npt.NDArray[np.bool_], Floats, Floats], Floats],
) -> Callable[[Evidence, Floats, ClassSet], Floats]:
    """Make a mean over the classes but background of a score of finding the class in a photo."""

    def of(evidence: Evidence, weights: Floats, classes: ClassSet) -> Floats:
        parts = [score(evidence.present[:, k], evidence.confidence[:, k], weights) for k in classes.skin]
        return _mean(np.stack(parts, axis=-1))

    return of


FOUND = 0.5
"""A class counts as found in a photo from this confidence on."""


def _accuracy(present: npt.NDArray[np.bool_], confidence: Floats, weights: Floats) -> Floats:
    return ratio(weights @ ((confidence >= FOUND) == present), weights.sum(1))


def _sensitivity(present: npt.NDArray[np.bool_], confidence: Floats, weights: Floats) -> Floats:
    return ratio(weights @ ((confidence >= FOUND) & present), weights @ present)


def _specificity(present: npt.NDArray[np.bool_], confidence: Floats, weights: Floats) -> Floats:
    return ratio(weights @ ((confidence < FOUND) & ~present), weights @ ~present)


def auc(present: npt.NDArray[np.bool_], confidence: Floats, weights: Floats) -> Floats:
    """Area under the ROC curve with weighted photos, ``(D,)``: ties count a half."""
    positive, negative = weights * present, weights * ~present
    levels, level = np.unique(confidence, return_inverse=True)
    steps = np.eye(len(levels))[level]  # (P, levels)
    positive, negative = positive @ steps, negative @ steps
    below = negative.cumsum(1) - negative
    return ratio((positive * (below + negative / 2)).sum(1), positive.sum(1) * negative.sum(1))


def average_precision(present: npt.NDArray[np.bool_], confidence: Floats, weights: Floats) -> Floats:
    """Average precision with weighted photos, ``(D,)``: sum of precision times the step of recall."""
    levels, level = np.unique(-confidence, return_inverse=True)
    steps = np.eye(len(levels))[level]
    found = (weights * present) @ steps
    ranked = weights @ steps
    precision = ratio(found.cumsum(1), ranked.cumsum(1))
    return ratio((np.nan_to_num(precision) * found).sum(1), found.sum(1))


MEASURES: dict[str, Measure] = {
    "dice9": Measure("Dice", _headline(dice9)),
    "dice8": Measure("Dice without uncertain", _headline(dice8)),
    "dice2": Measure("Dice, skin or not", _headline(dice2)),
    "iou": Measure("IoU", _mean_over_classes("iou")),
    "precision": Measure("precision", _mean_over_classes("precision")),
    "recall": Measure("recall", _mean_over_classes("recall")),
    "f1": Measure("F1", _mean_over_classes("dice")),
    "ja2": Measure("JA, skin or not", _skin_iou_each_photo),
    "ja": Measure("JA", _each_photo("iou")),
    "di": Measure("DI", _each_photo("dice")),
    "ac": Measure("AC", _each_photo("accuracy")),
    "se": Measure("SE", _each_photo("recall")),
    "sp": Measure("SP", _each_photo("specificity")),
    "class_ac": Measure("AC, classes", _over_classes(_accuracy)),
    "class_auc": Measure("AUC, classes", _over_classes(auc)),
    "class_ap": Measure("AP, classes", _over_classes(average_precision)),
    "class_se": Measure("SE, classes", _over_classes(_sensitivity)),
    "class_sp": Measure("SP, classes", _over_classes(_specificity)),
}
"""All scores by name."""
