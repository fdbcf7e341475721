"""Paired effort: the same photos with and without a suggestion, and how sure the share of seconds is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluation.bootstrap import Bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

DRAWS = 4000


@dataclass(frozen=True)
class PairedShare:
    """Seconds with the suggestion as a share of the seconds from nothing, of all photos together."""

    share: float
    low: float
    """Bounds of the 95 % bootstrap interval over photos."""
    high: float
    photos: int

    def __str__(self) -> str:
        """Write it as `.46 (.39 to .55)`."""
        return f"{self.share:.2f} ({self.low:.2f} to {self.high:.2f})"


def paired_share(
    seconds: Sequence[float],
    from_nothing: Sequence[float],
    groups: Sequence[str] | None = None,
    seed: int = 0,
) -> PairedShare:
    """Share of seconds over photos, with the interval over other photos of the same kind.

    Parameters
    ----------
    seconds, from_nothing
        Of the same photos in the same order. A photo may occur several times (draws of labels).
    groups
        What is drawn together, as the photo's id where it occurs several times; by default every entry alone.
    seed
        Of the bootstrap.

    Raises
    ------
    ValueError
        No photo, or lists of different lengths.
    """
    with_, without = np.asarray(seconds, float), np.asarray(from_nothing, float)
    if not len(with_) or with_.shape != without.shape:
        raise ValueError(
            f"{len(with_)} photos with a suggestion, {len(without)} without: they must be the same"
        )
    names = [str(index) for index in range(len(with_))] if groups is None else list(groups)
    photos = Bootstrap(names, DRAWS, seed)
    drawn = photos.sums(np.stack([with_, without], axis=1))
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    return PairedShare(float(with_.sum() / without.sum()), float(low), float(high), photos.groups)
