"""Rankings of a pool, one function for each strategy: rows best first, with score and reason.

All take the pool, how many are wanted, a generator, and the number of labels so far. What a ranking needs and
the pool lacks (a model, features) it does without: cold start by features, else at random.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.acquisition import diversity
from trainer.acquisition.scoring import QUICK_CHECK

if TYPE_CHECKING:
    from trainer.acquisition.pool import Pool, Scores

RANDOM_WHY = "random check"
TYPICAL_WHY = "like many photos without a label"
UNLIKE_WHY = "unlike the photos so far"
ERROR_WHY = "the model may be wrong here"
HELPS_WHY = "helps with many photos like it"

THINNED_FROM = 5
"""The unsure are chosen from so many times as many, unlike each other."""
MOST_COMPARED = 2_000
"""Photos compared with each other; of more, the best, or a random part."""
POWER_GROWS = 100
"""Labels after which power noise is gone."""

Ranked = list[tuple[int, float, str]]
Ranking = Callable[["Pool", int, np.random.Generator, int], Ranked]
Values = npt.NDArray[np.float64]


def known(values: npt.NDArray[np.floating]) -> Values:
    """Put the median in place of NaN and of infinities: an unknown photo is neither first nor last."""
    values = np.asarray(values, np.float64)
    finite = np.isfinite(values)
    return np.where(finite, values, np.median(values[finite]) if finite.any() else 0.0)


def random(pool: Pool, count: int, rng: np.random.Generator, labels: int) -> Ranked:
    """Any photo with the same chance."""
    order = rng.permutation(len(pool))[:count]
    return [(int(row), 1 - place / len(pool), RANDOM_WHY) for place, row in enumerate(order)]


def foreground(pool: Pool, count: int, rng: np.random.Generator, labels: int) -> Ranked:
    """At random, each photo with a chance in proportion to the foreground that the model expects on it."""
    if pool.scores is None:
        return random(pool, count, rng, labels)
    share = np.clip(known(pool.scores.foreground), 0.01, 1)
    keys = np.log(share) + rng.gumbel(size=len(share))  # the best keys are a draw without replacement
    return [(int(row), float(share[row]), RANDOM_WHY) for row in np.argsort(-keys)[:count]]


def typical(pool: Pool, count: int, rng: np.random.Generator, labels: int) -> Ranked:
    """Most typical photo of each of the largest clusters without a label."""
    return _by_features(pool, count, rng, labels, diversity.typical_rows, TYPICAL_WHY)


def coreset(pool: Pool, count: int, rng: np.random.Generator, labels: int) -> Ranked:
    """Photos farthest from all labelled ones and from each other."""
    return _by_features(pool, count, rng, labels, diversity.k_centre, UNLIKE_WHY)


def entropy(pool: Pool, count: int, rng: np.random.Generator, labels: int) -> Ranked:
    """Highest mean entropy first."""
    return cold(pool, count, rng, labels) or _by(known(_scores(pool).entropy), pool, count)


def margin(pool: Pool, count: int, rng: np.random.Generator, labels: int) -> Ranked:
    """Smallest mean margin between the two best classes first."""
    return cold(pool, count, rng, labels) or _by(1 - known(_scores(pool).margin), pool, count)


def disagreement(pool: Pool, count: int, rng: np.random.Generator, labels: int) -> Ranked:
    """Highest mutual information between class and head first; entropy where the model has no heads."""
    if found := cold(pool, count, rng, labels):
        return found
    scores = _scores(pool)
    values = scores.disagreement if np.isfinite(scores.disagreement).any() else scores.entropy
    return _by(known(values), pool, count)


def error(pool: Pool, count: int, rng: np.random.Generator, labels: int) -> Ranked:
    """Highest mean of the map of likely errors first; entropy where the model makes none."""
    if found := cold(pool, count, rng, labels):
        return found
    scores = _scores(pool)
    if not np.isfinite(scores.error).any():
        return entropy(pool, count, rng, labels)
    return [(row, score, ERROR_WHY) for row, score, _ in _by(known(scores.error), pool, count)]


def stratified(pool: Pool, count: int, rng: np.random.Generator, labels: int) -> Ranked:
    """Two of three by the entropy of one class after another, the third by that of all; then thinned.

    Noise on the log-scores (power acquisition, Kirsch et al. 2021, "A simple baseline for batch active
    learning with stochastic acquisition functions") shrinks as labels come: its exponent grows from 1 to 100.
    """
    if found := cold(pool, count, rng, labels):
        return found
    scores = _scores(pool)
    exponent = 100 ** min(1.0, labels / POWER_GROWS)
    noise = rng.gumbel(size=len(pool)) / exponent
    whole = np.log(np.maximum(known(scores.entropy), 1e-9)) + noise
    columns = [_log(column) + noise for column in scores.class_entropy.T if np.nansum(column) > 0]
    wanted = min(THINNED_FROM * count, len(pool))
    best = _in_turn(columns, whole, wanted)
    return thinned(pool, best, count, rng)


def default(pool: Pool, count: int, rng: np.random.Generator, labels: int) -> Ranked:
    """Photos whose labels help most others that are unsure; before the first model, typical ones.

    See `diversity.coverage`; a photo is worth its mean entropy. Chosen by the figures in docs/experiments.md.
    """
    if pool.scores is None:
        return typical(pool, count, rng, labels)
    if pool.features is None:
        return entropy(pool, count, rng, labels)
    return _covering(pool, count, rng)


def saving(pool: Pool, count: int, rng: np.random.Generator, labels: int) -> Ranked:
    """As `default`, for each expected second of work."""
    if pool.features is None:
        return entropy(pool, count, rng, labels)
    seconds = None if pool.scores is None else np.maximum(known(pool.scores.seconds), 1.0)
    return _covering(pool, count, rng, seconds)


def cold(pool: Pool, count: int, rng: np.random.Generator, labels: int) -> Ranked:
    """Cold start where there is no model: by features; empty where there is one."""
    return coreset(pool, count, rng, labels) if pool.scores is None else []


def thinned(pool: Pool, candidates: npt.NDArray[np.intp], count: int, rng: np.random.Generator) -> Ranked:
    """Choose of the candidates those unlike the labelled photos and each other, in that order."""
    scores = _scores(pool)
    rows = [int(row) for row in candidates[:count]]
    if pool.features is not None and len(candidates) > count:
        some = _some(pool, count, rng, candidates)
        vectors, centres = diversity.comparable(pool.features[some], pool.labelled)
        among = vectors[np.searchsorted(some, candidates)]
        rows = [int(candidates[i]) for i in diversity.k_centre(among, centres, count, rng)]
    unsure = known(scores.entropy)
    return [(row, float(unsure[row]), scores.questions[row] or QUICK_CHECK) for row in rows]


def _by_features(
    pool: Pool, count: int, rng: np.random.Generator, labels: int, rule: diversity.Rule, why: str
) -> Ranked:
    """Rows by a rule on features alone; at random where there are none."""
    if pool.features is None:
        return random(pool, count, rng, labels)
    some = _some(pool, count, rng)
    vectors, centres = diversity.comparable(pool.features[some], pool.labelled)
    rows = rule(vectors, centres, count, rng)
    return [(int(some[row]), 1 - place / count, why) for place, row in enumerate(rows)]


def _covering(pool: Pool, count: int, rng: np.random.Generator, seconds: Values | None = None) -> Ranked:
    assert pool.features is not None
    scores = pool.scores
    worth = np.ones(len(pool)) if scores is None else np.maximum(known(scores.entropy), 1e-6)
    cost = np.ones(len(pool)) if seconds is None else seconds
    some = _some(pool, count, rng, np.argsort(-worth / cost, kind="stable")[:MOST_COMPARED])
    vectors, centres = diversity.comparable(pool.features[some], pool.labelled)
    helped = rng.permutation(len(some))[:MOST_COMPARED]
    found = diversity.coverage(vectors, centres, worth[some], cost[some], count, helped)
    why = [HELPS_WHY] * len(pool) if scores is None else scores.questions
    return [(int(some[row]), gain, why[some[row]] or HELPS_WHY) for row, gain in found]


def _some(
    pool: Pool, count: int, rng: np.random.Generator, also: npt.NDArray[np.intp] | None = None
) -> npt.NDArray[np.intp]:
    """Rows that are compared, ascending: all of a small pool, of a large one a random part and `also`."""
    most = max(MOST_COMPARED, count)
    if len(pool) <= most:
        return np.arange(len(pool))
    drawn = rng.choice(len(pool), most, replace=False)
    return np.unique(drawn if also is None else np.concatenate([drawn, also]))


def _scores(pool: Pool) -> Scores:
    assert pool.scores is not None
    return pool.scores


def _by(values: Values, pool: Pool, count: int) -> Ranked:
    """Largest values first, each photo with the model's question."""
    questions = _scores(pool).questions
    order = np.argsort(-values, kind="stable")[:count]
    return [(int(row), float(values[row]), questions[row] or QUICK_CHECK) for row in order]


def _log(values: npt.NDArray[np.floating]) -> Values:
    return np.log(np.maximum(np.nan_to_num(np.asarray(values, np.float64)), 1e-9))


def _in_turn(columns: list[Values], whole: Values, count: int) -> npt.NDArray[np.intp]:
    """Take the best of one class after another, and every third time the best on the whole."""
    orders = [iter(np.argsort(-column, kind="stable")) for column in columns]
    overall = iter(np.argsort(-whole, kind="stable"))
    chosen: dict[int, None] = {}
    turn = 0
    while len(chosen) < count:
        third = turn % 3 == 2 or not orders
        source = overall if third else orders[(turn - turn // 3) % len(orders)]
        row = next((int(row) for row in source if int(row) not in chosen), None)
        if row is not None:
            chosen[row] = None
        turn += 1
    return np.array(list(chosen), np.intp)
