"""Statistics of learning curves: Dice by labels, and the labels and seconds until it is near its best.

Intervals draw seeds and groups of validation photos with replacement, the same photos for all strategies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluation.bootstrap import Bootstrap
from trainer.evaluation.metrics import Floats, ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.study.choose import Curve

DRAWS = 2_000
SHARES = (0.90, 0.95)


@dataclass(frozen=True)
class Measured:
    """A number with its 95 % interval; NaN where it is not known, infinite where it was not reached."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class StrategyCurve:
    """All seeds of one strategy.

    Attributes
    ----------
    dice, seconds
        By budget.
    area
        Mean over the logarithm of the labels of Dice as a share of the full-label Dice.
    labels_to, seconds_to
        By share of the full-label Dice.
    labels_ratio, seconds_ratio
        Those for the last share, over those of the strategy `random`; where that does not get there, over
        all that was spent on it, so that the ratio is too large rather than too small.
    """

    strategy: str
    seeds: int
    labels: tuple[int, ...]
    dice: tuple[Measured, ...]
    seconds: tuple[Measured, ...]
    area: Measured
    labels_to: tuple[Measured, ...]
    seconds_to: tuple[Measured, ...]
    labels_ratio: Measured
    seconds_ratio: Measured


@dataclass(frozen=True)
class _Drawn:
    """Curves of one strategy: first as measured, then in each draw, ``(1 + DRAWS, B)``."""

    dice: Floats
    seconds: Floats


def summarise(
    curves: Mapping[str, Sequence[Curve]],
    full: Sequence[Curve],
    groups: Sequence[str],
    against: str = "random",
    draws: int = DRAWS,
) -> tuple[list[StrategyCurve], Measured]:
    """Summarise strategies, and the Dice with all labels.

    Parameters
    ----------
    curves
        Runs of each strategy, which were measured at the same numbers of labels.
    full
        Runs with all labels.
    groups
        Of the validation photos.
    """
    weights = np.vstack([np.ones(len(groups)), Bootstrap(groups, draws).weights()])
    rng = np.random.default_rng(1)
    best = _drawn(full, weights, rng).dice[:, 0]
    drawn = {name: _drawn(runs, weights, rng) for name, runs in curves.items()}
    reached: dict[str, list[tuple[Floats, Floats]]] = {}
    for name, found in drawn.items():
        labels = curves[name][0].labels.astype(float)
        reached[name] = [until(found.dice, share * best, labels, found.seconds) for share in SHARES]
    base: tuple[Floats, ...] | None = None
    if against in drawn:
        spent = (np.full(len(best), curves[against][0].labels[-1]), drawn[against].seconds[:, -1])
        base = tuple(
            np.where(np.isinf(found), most, found)
            for found, most in zip(reached[against][-1], spent, strict=True)
        )
    rows = []
    for name, found in drawn.items():
        labels, last = curves[name][0].labels, reached[name][-1]
        relative = found.dice / best[:, None]
        rows.append(
            StrategyCurve(
                name,
                len(curves[name]),
                tuple(int(n) for n in labels),
                tuple(measured(column) for column in found.dice.T),
                tuple(measured(column) for column in found.seconds.T),
                measured(area(relative, labels)),
                tuple(measured(pair[0]) for pair in reached[name]),
                tuple(measured(pair[1]) for pair in reached[name]),
                *(measured(_over(a, b)) for a, b in zip(last, base or (None, None), strict=True)),
            )
        )
    return rows, measured(best)


def _over(values: Floats, base: Floats | None) -> Floats:
    if base is None:
        return np.full(1, np.nan)
    with np.errstate(invalid="ignore"):
        found: Floats = values / base
    return found


def _drawn(runs: Sequence[Curve], weights: Floats, rng: np.random.Generator) -> _Drawn:
    each = np.stack([dice_of(run.matrices, weights) for run in runs])  # (S, 1 + D, B)
    seconds = np.stack([run.seconds for run in runs])  # (S, B)
    count = len(runs)
    share = rng.multinomial(count, np.full(count, 1 / count), size=len(weights)).T / count  # (S, 1 + D)
    share[:, 0] = 1 / count
    timed = ~np.isnan(seconds[:, :1])  # of a few seeds alone
    total = share.T @ np.where(timed, seconds, 0)
    return _Drawn((share[:, :, None] * each).sum(axis=0), ratio(total, share.T @ timed.astype(float)))


def dice_of(matrices: np.ndarray, weights: Floats) -> Floats:
    """Macro Dice ``(D, B)`` of matrices ``(B, P, K, K)`` when photos count as in ``(D, P)``.

    A class that a draw has no pixel of keeps its value on all photos, so that every draw is a mean over the
    same classes.
    """
    hit = np.diagonal(matrices, axis1=-2, axis2=-1).astype(float)  # (B, P, K)
    both = (matrices.sum(-1) + matrices.sum(-2)).astype(float)
    drawn = ratio(
        2 * np.einsum("dp,bpk->dbk", weights, hit, optimize=True),
        np.einsum("dp,bpk->dbk", weights, both, optimize=True),
    )
    whole = ratio(2 * hit.sum(1), both.sum(1))
    filled: Floats = np.where(np.isnan(drawn), whole, drawn)
    known = ~np.isnan(filled)
    return ratio(np.where(known, filled, 0).sum(-1), known.sum(-1).astype(float))


def area(curves: Floats, labels: np.ndarray) -> Floats:
    """Mean height of curves ``(D, B)`` over the logarithm of the labels."""
    if len(labels) == 1:
        return curves[:, 0]
    at = np.log(labels)
    found: Floats = np.trapezoid(curves, at, axis=1) / (at[-1] - at[0])
    return found


def until(dice: Floats, wanted: Floats, labels: Floats, seconds: Floats) -> tuple[Floats, Floats]:
    """Labels and seconds ``(D,)`` at which curves ``(D, B)`` first reach a height, joined by straight lines.

    A curve that begins higher gives its first number of labels; one that stays lower, infinity.
    """
    above = dice >= wanted[:, None]
    after = above.argmax(axis=1)
    before = np.maximum(after - 1, 0)
    rows = np.arange(len(dice))
    low, high = dice[rows, before], dice[rows, after]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(after > before, (wanted - low) / (high - low), 0.0)
    never = ~above.any(axis=1)
    found = []
    for values in (np.broadcast_to(labels, dice.shape), seconds):
        there = values[rows, before] + part * (values[rows, after] - values[rows, before])
        found.append(np.where(never, np.where(np.isnan(there), np.nan, np.inf), there))
    return found[0], found[1]


def measured(values: Floats) -> Measured:
    """Take the first of many values as measured, the others as draws."""
    value, draws = float(values[0]), values[1:]
    draws = draws[~np.isnan(draws)]
    if np.isnan(value) or not len(draws):
        return Measured(value, np.nan, np.nan)
    low, high = np.quantile(draws, [0.025, 0.975], method="nearest")  # infinity cannot be interpolated
    return Measured(value, float(low), float(high))
