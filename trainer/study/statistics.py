"""Paired two-level bootstrap, Holm's correction, and how many seeds a difference needs. No torch.

Test photos are crossed with seeds (every seed is scored on the same photos), so one draw of photos serves all
seeds and one draw of seeds serves all photos.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from trainer.evaluation.bootstrap import Bootstrap
from trainer.evaluation.metrics import Floats

Draws = Callable[[Floats], Floats]
"""From how often each photo counts, ``(D, P)``, to the difference of one seed's pair of runs, ``(D,)``."""

DRAWS = 10_000
CHUNK = 500
LEVEL = 0.95
POWER = 0.8


@dataclass(frozen=True)
class Estimate:
    """Mean over seeds with what is known of its error."""

    value: float
    low: float
    high: float
    p: float
    """Two-sided, that the true value is 0."""
    seed_sd: float
    """Between seeds, on all photos; NaN with one seed."""
    photo_sd: float
    """Of the mean over the seeds there are, from drawing other photos."""
    seeds: int


def small_sample_factor(seeds: int, level: float = LEVEL) -> float:
    """Compute the factor that widens a bootstrap over few seeds.

    Drawing n values with replacement gives a variance too small by (n - 1) / n, and normal tails where
    Student's are due: with three seeds an interval of 95 % would hold the truth in two of three cases.
    """
    quantile = (1 + level) / 2
    return float(stats.t.ppf(quantile, seeds - 1) / stats.norm.ppf(quantile) * math.sqrt(seeds / (seeds - 1)))


def two_level_bootstrap(
    per_seed: Sequence[Draws],
    groups: Sequence[str],
    *,
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = 0,
) -> Estimate:
    """Estimate a mean over seeds with its interval, drawing seeds and groups of photos with replacement.

    Parameters
    ----------
    per_seed
        One function per seed; for a paired comparison it returns the difference of the two runs.
    groups
        Group of each photo.
    draws
        Bootstrap samples.

    Returns
    -------
    Estimate
        Percentile interval; NaN where the measure has no value.
    """
    rng = np.random.default_rng(seed)
    count = len(per_seed)
    points = np.array([float(of_seed(np.ones((1, len(groups))))[0]) for of_seed in per_seed])
    # Photos are crossed with seeds: all seeds see the same draw of photos, so that what a draw does to all of
    # them stays in the spread, and the mean over seeds does not average it away.
    weights = Bootstrap(groups, draws, rng).weights()
    values = np.stack([_in_chunks(of_seed, weights) for of_seed in per_seed])  # (seeds, draws)
    middle = values.mean(0)  # moves with the photos alone
    sample = middle
    if count > 1:
        # Only the seeds' part of the spread is widened: it comes from a few values, the photos' from many.
        share = rng.multinomial(count, np.full(count, 1 / count), size=draws).T / count
        sample = middle + small_sample_factor(count, level) * ((share * values).sum(0) - middle)
    known = sample[~np.isnan(sample)]
    if not len(known):
        nan = math.nan
        return Estimate(float(points.mean()), nan, nan, nan, nan, nan, count)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    value, photo_sd = float(points.mean()), float(np.nanstd(middle))
    seed_sd = float(points.std(ddof=1)) if count > 1 else math.nan
    p = two_sided_p(value, seed_sd, count, photo_sd, len(set(groups)))
    return Estimate(value, float(low), float(high), p, seed_sd, photo_sd, count)


def two_sided_p(value: float, seed_sd: float, seeds: int, photo_sd: float, groups: int) -> float:
    """Test a mean whose error has two parts: Student's t with Welch and Satterthwaite's degrees.

    The bootstrap's own tail cannot be used after Holm's correction: three seeds give it ten values.
    """
    parts = [(photo_sd**2, groups - 1)]
    if seeds > 1:
        parts.append((seed_sd**2 / seeds, seeds - 1))
    variance = sum(part for part, _ in parts)
    if variance <= 0:
        return 1.0 if value == 0 else 0.0
    spread = sum(part**2 / max(1, freedom) for part, freedom in parts)
    return float(2 * stats.t.sf(abs(value) / math.sqrt(variance), variance**2 / spread))


def _in_chunks(of_seed: Draws, weights: Floats) -> Floats:
    parts = [of_seed(weights[start : start + CHUNK]) for start in range(0, len(weights), CHUNK)]
    return np.concatenate(parts)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that the chance of any false claim stays at the level (Holm, 1979); NaN stays."""
    adjusted = [math.nan] * len(p_values)
    order = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    largest = 0.0
    for rank, (p, index) in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p))
        adjusted[index] = largest
    return adjusted


def seeds_needed(
    seed_sd: float, effect: float, *, photo_sd: float = 0.0, alpha: float = 1 - LEVEL, power: float = POWER
) -> int | None:
    """Compute the seeds with which a paired difference of this size would be found.

    ``n = seed_sd² / ((effect / (z_{1-alpha/2} + z_power))² - photo_sd²)``: with an SD of 2 points and 80 %
    power 4, 8 and 32 seeds for 3, 2 and 1 points.

    Returns
    -------
    int or None
        None: the test photos alone blur the difference too much, whatever the number of seeds.
    """
    z = float(stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power))
    room = (effect / z) ** 2 - photo_sd**2
    if room <= 0 or math.isnan(room) or math.isnan(seed_sd):
        return None
    return max(2, math.ceil(seed_sd**2 / room))
