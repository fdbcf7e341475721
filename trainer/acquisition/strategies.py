"""Strategies that choose the photos to label next, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.acquisition.pool import Choice, Pool
from trainer.errors import ConfigError
from trainer.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

RANDOM_WHY = "random check"
UNSURE_WHY = "a quick check"

Ranked = list[tuple[int, float, str]]
"""Rows of the pool, best first, each with its score and why."""
Ranking = Callable[[Pool, int, np.random.Generator, int], Ranked]
"""From a pool, how many are wanted, chance, and the number of masks so far to rows, at least so many if the
pool has them."""


@dataclass(frozen=True)
class Strategy:
    """A way to choose photos.

    Attributes
    ----------
    name, title
        Its name in settings and commands, and one line that says what it does.
    ranking
        How it ranks; bursts and bad values are seen to here.
    """

    name: str
    title: str
    ranking: Ranking

    def __call__(
        self, pool: Pool, count: int, rng: np.random.Generator, labels_so_far: int = 0
    ) -> list[Choice]:
        """Choose photos, best first; never two of one burst, so that there may be fewer than `count`."""
        photos = pool.rows(one_of_each_burst(pool, rng))
        count = min(count, len(photos))
        if count <= 0:
            return []
        ranked = self.ranking(photos, count, rng, labels_so_far)[:count]
        return [Choice(int(photos.photo_ids[row]), float(score), why) for row, score, why in ranked]


def one_of_each_burst(pool: Pool, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Rows of one photo of every burst, the least sure one, else a random one, in the order of the pool."""
    unsure = np.zeros(len(pool)) if pool.scores is None else known(pool.scores.entropy)
    order = np.lexsort((rng.random(len(pool)), -unsure))
    _, first = np.unique(pool.bursts[order], return_index=True)
    return np.sort(order[first])


def known(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Put the median in place of NaN and of infinities: an unknown photo is neither first nor last."""
    values = np.asarray(values, np.float64)
    finite = np.isfinite(values)
    return np.where(finite, values, np.median(values[finite]) if finite.any() else 0.0)


def random(pool: Pool, count: int, rng: np.random.Generator, labels_so_far: int) -> Ranked:
    """Any photo with the same chance."""
    order = rng.permutation(len(pool))[:count]
    return [(int(row), 1 - place / len(pool), RANDOM_WHY) for place, row in enumerate(order)]


def entropy(pool: Pool, count: int, rng: np.random.Generator, labels_so_far: int) -> Ranked:
    """Highest mean entropy of the classes first."""
    if pool.scores is None:
        return random(pool, count, rng, labels_so_far)
    unsure = known(pool.scores.entropy)
    return [(int(row), unsure[row], pool.scores.questions[row] or UNSURE_WHY) for row in np.argsort(-unsure)]


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        Strategy("default", "what saves most work by our measurements", entropy),
        Strategy("random", "any photo with the same chance", random),
        Strategy("entropy", "photos whose pixels the model cannot tell the class of", entropy),
    )
}


def find_strategy(name: str) -> Strategy:
    """Return the strategy of that name.

    Raises
    ------
    ConfigError
        None of that name; the nearest is named.
    """
    if name not in STRATEGIES:
        raise ConfigError(f"there is no strategy named '{name}'; {did_you_mean(name, STRATEGIES)}")
    return STRATEGIES[name]


def names() -> Iterable[str]:
    """Names of all strategies, the default first."""
    return tuple(STRATEGIES)
