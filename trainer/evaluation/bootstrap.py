"""How far a score would move with other photos: a bootstrap that draws whole groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.evaluation.metrics import Floats, interval, ratio


class Bootstrap:
    """The same draws of groups for every score of one set of photos, so that scores can be compared.

    Parameters
    ----------
    groups
        Group of each photo (one patient, one visit); photos of a group are drawn together, because they
        are not independent.
    draws
        Bootstrap samples.
    """

    def __init__(self, groups: Sequence[str], draws: int = 2000, seed: int = 0) -> None:
        names, self.index = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
        self.groups = len(names)
        chances = np.full(self.groups, 1 / max(self.groups, 1))
        self.times = np.random.default_rng(seed).multinomial(self.groups, chances, size=draws).astype(float)

    def sums(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Sums over the drawn photos, ``(draws, ...)``, of values per photo ``(P, ...)``."""
        by_group = np.zeros((self.groups, *values.shape[1:]))  # floats multiply fast, and are exact to 2**53
        np.add.at(by_group, self.index, values)
        drawn: npt.NDArray[Any] = np.tensordot(self.times, by_group, axes=(1, 0)).astype(values.dtype)
        return drawn

    def means(self, values: Floats) -> Floats:
        """Means over the drawn photos, ``(draws, ...)``, of values per photo; NaN is left out."""
        known = ~np.isnan(values)
        return ratio(self.sums(np.where(known, values, 0.0)), self.sums(known.astype(np.float64)))

    def interval_of_mean(self, values: Floats) -> tuple[float, float]:
        """The 95 % interval of a mean over photos, ``(P,)``."""
        return interval(self.means(values))
