"""Group bootstrap: the spread of a score over other photos of the same kind, drawing whole groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluation.metrics import interval, ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.evaluation.metrics import Array, Floats


class Bootstrap:
    """Draws of groups with replacement, shared by all scores of one set of photos.

    Scores that use the same draws are paired: what makes photos hard is common to both and cancels in their
    difference.

    Parameters
    ----------
    groups : sequence of str
        Group of each photo (one patient, one visit); photos of a group are drawn together, because they
        are not independent.
    draws : int
        Bootstrap samples.
    seed : int or numpy.random.Generator
        A generator is advanced by one multinomial draw.
    """

    def __init__(self, groups: Sequence[str], draws: int = 2000, seed: int | np.random.Generator = 0) -> None:
        names, self.index = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
        self.groups = len(names)
        chances = np.full(self.groups, 1 / max(self.groups, 1))
        # How often each group is drawn says as much as the list of drawn groups, and makes every sum over a
        # sample one matrix product.
        self.times = np.random.default_rng(seed).multinomial(self.groups, chances, size=draws).astype(float)

    def weights(self) -> Floats:
        """Count how often each photo is in each draw: ``(draws, P)`` float64."""
        return self.times[:, self.index]

    def sums(self, values: Array) -> Array:
        """Sum values per photo ``(P, ...)`` over the drawn photos: ``(draws, ...)`` of the same dtype."""
        # Groups are added up once, not once a draw. Counts go through floats because only those have a fast
        # matrix product; whole numbers stay exact up to 2**53.
        by_group = np.zeros((self.groups, *values.shape[1:]))
        np.add.at(by_group, self.index, values)
        drawn: Array = np.tensordot(self.times, by_group, axes=(1, 0)).astype(values.dtype)
        return drawn

    def means(self, values: Floats) -> Floats:
        """Average values per photo over the drawn photos: ``(draws, ...)``; NaN is left out."""
        known = ~np.isnan(values)
        return ratio(self.sums(np.where(known, values, 0.0)), self.sums(known.astype(np.float64)))

    def interval_of_mean(self, values: Floats) -> tuple[float, float]:
        """95 % interval of a mean over photos, ``(P,)``."""
        return interval(self.means(values))
