"""Headline scores of confusion matrices, of one, of many, or of thousands of bootstrap samples at once.

All take ``(..., K, K)`` with rows for the truth. Sum the photos' matrices first for a score of the data set
(pixels of all photos pooled); leave them apart for a score per photo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluation.metrics import (
    Array,
    Floats,
    Matrices,
    class_scores,
    eight_class_dice,
    macro,
    macro_dice,
    skin_or_not,
)

if TYPE_CHECKING:
    from trainer.labels.classes import ClassSet


@dataclass(frozen=True)
class BinaryScores:
    """Five figures of the ISIC challenges, each ``(...)`` float64; NaN where they have no value."""

    ja: Floats
    """Jaccard index (IoU) of the foreground."""
    di: Floats
    """Dice coefficient (F1) of the foreground."""
    ac: Floats
    """Share of pixels that are right."""
    se: Floats
    """Sensitivity: share of the true foreground that was found."""
    sp: Floats
    """Specificity: share of the true background that was left alone."""


def binary_scores(matrix: Matrices) -> BinaryScores:
    """Score the foreground of matrices ``(..., 2, 2)``, background first."""
    scores = class_scores(matrix)
    return BinaryScores(
        ja=scores.iou[..., 1],
        di=scores.dice[..., 1],
        ac=scores.accuracy[..., 1],
        se=scores.recall[..., 1],
        sp=scores.specificity[..., 1],
    )


def dice9(matrix: Matrices, classes: ClassSet | None = None, whole: Matrices | None = None) -> Floats:
    """Macro Dice over all classes that occur (nine of skin9; doubt is one of them, as the source has it)."""
    return np.asarray(macro_dice(matrix, whole))


def dice8(matrix: Array, classes: ClassSet) -> Floats:
    """Macro Dice with the pixels of doubt ignored and their class left out; the same without such a class."""
    return np.asarray(eight_class_dice(matrix, classes.uncertain))


def dice2(matrix: Array, classes: ClassSet, whole: Array | None = None) -> Floats:
    """Macro Dice of skin and background, the classes merged after the argmax (as the source has it)."""
    of_whole = None if whole is None else skin_or_not(whole, classes.background)
    return np.asarray(macro_dice(skin_or_not(matrix, classes.background), of_whole))


def iou9(matrix: Matrices, classes: ClassSet | None = None, whole: Matrices | None = None) -> Floats:
    """Macro IoU over all classes that occur."""
    return np.asarray(macro(class_scores(matrix).iou, None if whole is None else class_scores(whole).iou))


def per_photo_dice9(matrices: Matrices) -> Floats:
    """Macro Dice of each photo, ``(P,)``, over the classes on it; NaN where nothing is labelled."""
    return np.asarray(macro_dice(matrices))
