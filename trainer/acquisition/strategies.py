"""Strategies that choose the photos to label next, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.acquisition import rankings
from trainer.acquisition.pool import Choice, Pool
from trainer.spelling import named

if TYPE_CHECKING:
    from trainer.acquisition.rankings import Ranking


@dataclass(frozen=True)
class Strategy:
    """A way to choose photos.

    Attributes
    ----------
    name, title
        Its name in settings and commands, and one line that says what it does.
    ranking
        How it ranks; bursts and bad values are seen to here.
    scored
        Whether it reads the scores of a model.
    """

    name: str
    title: str
    ranking: Ranking
    scored: bool = True

    def __call__(
        self, pool: Pool, count: int, rng: np.random.Generator, labels_so_far: int = 0
    ) -> list[Choice]:
        """Choose photos, best first; never two of one burst, so that there may be fewer than `count`."""
        one = one_of_each_burst(pool, rng)
        photos = pool.rows(one) if len(one) < len(pool) else pool
        count = min(count, len(photos))
        if count <= 0:
            return []
        ranked = self.ranking(photos, count, rng, labels_so_far)[:count]
        return [Choice(int(photos.photo_ids[row]), float(score), why) for row, score, why in ranked]


def one_of_each_burst(pool: Pool, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Rows of one photo of every burst, the least sure one, else a random one, in the order of the pool."""
    unsure = np.zeros(len(pool)) if pool.scores is None else rankings.known(pool.scores.entropy)
    order = np.lexsort((rng.random(len(pool)), -unsure))
    _, first = np.unique(pool.bursts[order], return_index=True)
    return np.sort(order[first])


ALL = (
    Strategy("default", "what needed fewest labels and least work in our measurements", rankings.default),
    Strategy("random", "any photo with the same chance", rankings.random, False),
    Strategy("foreground", "at random, photos with more skin more often", rankings.foreground),
    Strategy("typical", "the most typical photo of each kind without a label", rankings.typical, False),
    Strategy("coreset", "photos least like the labelled ones", rankings.coreset, False),
    Strategy("entropy", "photos whose pixels the model cannot tell the class of", rankings.entropy),
    Strategy("margin", "photos on whose pixels two classes come close", rankings.margin),
    Strategy("disagreement", "photos on which the probe's heads disagree", rankings.disagreement),
    Strategy("stratified", "unsure photos of every class in turn, unlike each other", rankings.stratified),
    Strategy("error", "photos with most likely errors, where the model maps them", rankings.error),
    Strategy("saving", "photos whose labels help many unsure ones, for their seconds", rankings.saving),
)
STRATEGIES: dict[str, Strategy] = {strategy.name: strategy for strategy in ALL}


def find_strategy(name: str) -> Strategy:
    """Return the strategy of that name.

    Raises
    ------
    ConfigError
        None of that name; the nearest is named.
    """
    return named("strategy", name, STRATEGIES)
