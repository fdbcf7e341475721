"""Uncertainty of a prediction: what the queue ranks photos by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from trainer.labels.classes import ClassSet


def doubt(labels: NDArray[np.uint8], confidence: NDArray[np.uint8], classes: ClassSet) -> tuple[float, str]:
    """How unsure a prediction is, 0 to 1, and between what, in an annotator's words.

    Parameters
    ----------
    labels, confidence : uint8 array, (H, W)
        Stored labels (class index + 1) and the confidence of each, 255 = certain.
    classes : ClassSet
        For the names.
    """
    if labels.size == 0:
        return 0.0, ""
    step = max(1, int((labels.size / 1e6) ** 0.5))
    labels, confidence = labels[::step, ::step], confidence[::step, ::step]
    score = 1.0 - float(confidence.mean()) / 255.0
    unsure = labels[confidence < 153]  # below 0.6: the runner-up is close
    counts = np.bincount(unsure.ravel(), minlength=classes.count + 1)[1:]
    first, second = (int(index) for index in np.argsort(-counts, kind="stable")[:2])
    if counts[first] < 0.01 * labels.size:
        return score, "a quick check"
    if counts[second] == 0:
        return score, f"is all of it {classes.names[first]}?"
    return score, f"{classes.names[first]} or {classes.names[second]}?"
