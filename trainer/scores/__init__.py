"""Scores of segmentations and of classifications, from counts that one pass over a photo leaves behind.

``photo`` counts, ``headlines`` and ``boundary`` and ``calibration`` score, ``bootstrap`` says how sure that
is, ``parity`` does as the sources did, ``tables`` checks what they printed, ``scorecard`` puts it together.
None of it loads torch but ``temperature``.
"""

from trainer.scores.bootstrap import Bootstrap
from trainer.scores.classification import ClassificationScores, classification_scores
from trainer.scores.headlines import (
    BinaryScores,
    binary_scores,
    dice2,
    dice8,
    dice9,
    iou9,
    per_photo_dice9,
)
from trainer.scores.parity import MODES, isic, keras_dice, smp_batch_iou
from trainer.scores.tables import contradiction

__all__ = [
    "MODES",
    "BinaryScores",
    "Bootstrap",
    "ClassificationScores",
    "binary_scores",
    "classification_scores",
    "contradiction",
    "dice2",
    "dice8",
    "dice9",
    "iou9",
    "isic",
    "keras_dice",
    "per_photo_dice9",
    "smp_batch_iou",
]
