"""Which pixels of a mask count as truth, and how suggestions join them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from trainer.labels.values import ACCEPTED, PROPOSED, lookup

if TYPE_CHECKING:
    from numpy.typing import NDArray


def accept(labels: NDArray[np.uint8], provenance: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the provenance after "the rest is right": every proposed label becomes accepted."""
    accepted = provenance.copy()
    accepted[(provenance < ACCEPTED) & (labels > 0)] = ACCEPTED
    return accepted


def proposed(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the provenance of a model's labels that nobody has looked at."""
    return (labels > 0).astype(np.uint8) * np.uint8(PROPOSED)


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
    kept = provenance >= ACCEPTED
    if locked:
        kept |= lookup(locked)[labels]
    return np.where(kept, labels, suggestion), np.where(kept, provenance, proposed(suggestion))
