"""Uncertainty of a prediction, by which the queue ranks photos."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.labels.classes import ClassSet


def uncertainty(
    labels: NDArray[np.uint8], confidence: NDArray[np.uint8], classes: ClassSet
) -> tuple[float, str]:
    """Measure how unsure a prediction is, and between which classes.

    Parameters
    ----------
    labels, confidence : uint8 array, (H, W)
        Stored labels (class index + 1) and the confidence of each, 255 = certain.
    classes : ClassSet
        For the names.

    Returns
    -------
    float
        Mean of 1 - confidence, 0 to 1.
    str
        The question to an annotator; empty for an empty photo.
    """
    if labels.size == 0:
        return 0.0, ""
    step = max(1, int((labels.size / 1e6) ** 0.5))  # a million pixels say as much as twelve
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
