"""The class that a suggestion sees in a mask, where it is sure of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.labels.values import NOT_LABELLED

if TYPE_CHECKING:
    from numpy.typing import NDArray

SURE, MOST = 204, 0.6
"""Confidence, of 255, and share of a mask from which on a suggestion proposes the mask's class."""


def sure_class(labels: NDArray[np.uint8], confidence: NDArray[np.uint8], background: int) -> int | None:
    """Return the label of most of a mask's pixels; None: background, or not sure enough.

    Parameters
    ----------
    labels, confidence
        ``(n,)`` uint8: stored values and confidence of the mask's pixels.
    background
        Label of the background.
    """
    if not len(labels):
        return None
    value = int(np.bincount(labels).argmax())
    agreed = labels == value
    sure = confidence[agreed].mean() >= SURE and agreed.mean() >= MOST
    return value if sure and value not in (NOT_LABELLED, background) else None
