"""Counts of one photo, taken band by band, so that a photo of any size costs little memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.evaluation.metrics import Counts, Floats, confusion
from trainer.evaluation.scores.boundary import BoundaryScores, boundary_scores
from trainer.evaluation.scores.calibration import LEVELS, confidence_counts
from trainer.evaluation.scores.skin_tone import skin_tone
from trainer.labels.values import IGNORE

if TYPE_CHECKING:
    from trainer.labels.classes import ClassSet

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class PhotoScores:
    """Counts and scores of one photo; K classes. Only labelled pixels count."""

    matrix: Counts
    """Confusion matrix ``(K, K)``, rows for the truth."""
    skin: Counts
    """``(2, 2)``, background first, of where the probabilities of skin add up to more than half."""
    skin_sums: Floats
    """Σpt, Σp and Σt over pixels, p the probability of skin and t the truth, ``(3,)``."""
    confidence: Counts
    """Pixels and right pixels at each confidence, ``(2, 256)``."""
    peak: Floats
    """How sure it is that each class is on the photo, ``(K,)``: of its surest pixel, or its best box."""
    boundary: BoundaryScores
    tone: float
    """Angle of the skin's tone in degrees, NaN with too little skin, or where the classes are no skin."""


class PhotoCounter:
    """Accumulator of one photo's counts from bands of rows.

    Parameters
    ----------
    target
        Class indices and IGNORE, ``(H, W)`` uint8.
    """

    def __init__(self, target: Bytes, classes: ClassSet) -> None:
        self.target, self.classes = target, classes
        self.labels = np.zeros(target.shape, np.uint8)
        self._matrix = np.zeros((classes.count, classes.count), np.int64)
        self._skin = np.zeros((2, 2), np.int64)
        self._sums = np.zeros(3)
        self._confidence = np.zeros((2, LEVELS), np.int64)
        self._peak = np.zeros(classes.count)

    def add(
        self,
        top: int,
        labels: Bytes,
        confidence: Bytes,
        skin: npt.NDArray[np.float32],
        peak: npt.NDArray[np.float32],
    ) -> None:
        """Count the rows from ``top`` on.

        Parameters
        ----------
        labels, confidence
            Predicted class indices and how sure, 255 = certain, ``(h, W)`` uint8.
        skin
            Summed probability of all classes but the background, ``(h, W)``.
        peak
            Highest probability of each class in these rows, ``(K,)``.
        """
        target = self.target[top : top + len(labels)]
        self.labels[top : top + len(labels)] = labels
        labelled = target != IGNORE
        truth = np.where(labelled, (target != self.classes.background).astype(np.uint8), np.uint8(IGNORE))
        self._matrix += confusion(target, labels, self.classes.count)
        self._skin += confusion(truth, (skin > 0.5).astype(np.uint8), 2)
        self._confidence += confidence_counts(confidence[labelled], (labels == target)[labelled])
        p, t = skin[labelled].astype(np.float64), truth[labelled]
        self._sums += (p[t == 1].sum(), p.sum(), t.sum())
        self._peak = np.maximum(self._peak, peak)

    def finish(self, photo: Bytes, class_confidence: Floats | None = None) -> PhotoScores:
        """Return the scores, when all rows were added.

        Parameters
        ----------
        photo
            ``(H, W, 3)`` uint8.
        class_confidence
            Of each class being on the photo, ``(K,)``, of a network that finds boxes.
        """
        skin = (self.target != IGNORE) & (self.target != self.classes.background)
        return PhotoScores(
            matrix=self._matrix,
            skin=self._skin,
            skin_sums=self._sums,
            confidence=self._confidence,
            peak=self._peak if class_confidence is None else class_confidence,
            boundary=boundary_scores(self.target, self.labels, self.classes.count),
            tone=skin_tone(photo, skin) if self.classes.shows_skin else math.nan,
        )
