"""Scores of a yes-or-no question about whole photos: AC, AUC, AP, SE and SP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.errors import SkinsegError

if TYPE_CHECKING:
    from trainer.evaluation.metrics import Floats


@dataclass(frozen=True)
class ClassificationScores:
    """Figures that the ISIC challenge prints for a classification; NaN where one needs both answers."""

    ac: float
    """Share of photos answered right at the threshold."""
    auc: float
    """Area under the ROC curve."""
    ap: float
    """Average precision: sum of precision times gain in recall, without interpolation."""
    se: float
    """Share of the photos that are positive found at the threshold."""
    sp: float
    """Share of the others left alone at the threshold."""
    photos: int
    positive: int


def classification_scores(
    truth: npt.NDArray[np.bool_], scores: Floats, threshold: float = 0.5
) -> ClassificationScores:
    """Score the answers to one question.

    Parameters
    ----------
    truth
        Which photos are positive, ``(P,)`` bool.
    scores
        Probability of the positive answer, ``(P,)``.
    threshold
        A photo is called positive from here on, for AC, SE and SP.

    Raises
    ------
    SkinsegError
        No photo, another number of scores than photos, or a score that is no number.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score  # takes a second to load

    truth, scores = np.asarray(truth, bool), np.asarray(scores, float)
    if truth.shape != scores.shape or truth.ndim != 1 or not len(truth):
        raise SkinsegError(
            f"classification: {len(truth)} photos and {len(scores)} scores; give one score for each photo"
        )
    if not np.isfinite(scores).all():
        raise SkinsegError("classification: a score is not a finite number; leave its photo out")
    positive, called = int(truth.sum()), scores >= threshold
    both = 0 < positive < len(truth)
    return ClassificationScores(
        ac=float((called == truth).mean()),
        auc=float(roc_auc_score(truth, scores)) if both else float("nan"),
        ap=float(average_precision_score(truth, scores)) if positive else float("nan"),
        se=float(called[truth].mean()) if positive else float("nan"),
        sp=float((~called[~truth]).mean()) if positive < len(truth) else float("nan"),
        photos=len(truth),
        positive=positive,
    )
