"""Truth of a mask: the pixels that count as such, as labels and as targets, and suggestions beside them.

Labels are what is stored and shown, 0 = not labelled, else class index + 1. Targets are what networks and
scores take, the class index, and `IGNORE` where a pixel is no truth. In uint8 one is the other shifted by
one: 0 - 1 wraps to 255, which is `IGNORE`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.labels.values import ACCEPTED, NOT_LABELLED, PROPOSED, lookup

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

__all__ = [
    "accept",
    "count_truth",
    "is_truth",
    "merge",
    "proposed",
    "to_labels",
    "to_targets",
    "true_labels",
    "true_targets",
]

_STEP = np.uint8(1)


def is_truth(provenance: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where a person has accepted or painted: bool, shaped like `provenance`."""
    return provenance >= ACCEPTED


def true_labels(labels: NDArray[np.uint8], provenance: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the labels that are truth; what only a model proposed becomes 0, not labelled."""
    return np.where(is_truth(provenance), labels, np.uint8(NOT_LABELLED))


def true_targets(labels: NDArray[np.uint8], provenance: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the class index of each pixel that is truth, and `IGNORE` elsewhere."""
    return to_targets(true_labels(labels, provenance))


def count_truth(labels: NDArray[np.uint8], provenance: NDArray[np.uint8]) -> int:
    """Return how many pixels are labelled truth; a pixel that was erased by a person is none of them."""
    return int(np.count_nonzero(is_truth(provenance) & (labels > 0)))


def to_targets(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return stored labels as class indices; 0, not labelled, becomes `IGNORE`."""
    return labels - _STEP


def to_labels(targets: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return class indices as stored labels; `IGNORE` becomes 0, not labelled."""
    return targets + _STEP


def accept(labels: NDArray[np.uint8], provenance: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the provenance after "the rest is right": every proposed label becomes accepted."""
    accepted = provenance.copy()
    accepted[~is_truth(provenance) & (labels > 0)] = ACCEPTED
    return accepted


def proposed(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the provenance of a model's labels that no person has judged."""
    return (labels > 0).view(np.uint8) * np.uint8(PROPOSED)


def merge(
    labels: NDArray[np.uint8],
    provenance: NDArray[np.uint8],
    suggestion: NDArray[np.uint8],
    locked: Collection[int] = (),
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Put a suggestion where no person has decided and no locked class stands.

    Parameters
    ----------
    labels, provenance, suggestion
        uint8 arrays (height, width).
    locked
        Label values that stay as they are.

    Returns
    -------
    labels, provenance
        New arrays.
    """
    kept = is_truth(provenance)
    if locked:
        kept |= lookup(locked)[labels]
    return np.where(kept, labels, suggestion), np.where(kept, provenance, proposed(suggestion))
