"""Learning curves of strategies: a simulated annotator labels what a strategy chooses, batch after batch.

Labels are the true masks. After each batch a small probe learns from all labels so far, and scores what is
left; its suggestions decide how many seconds the next photos take.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from trainer.acquisition.pool import Pool, Scores
from trainer.acquisition.scoring import photo_scores
from trainer.acquisition.strategies import find_strategy
from trainer.evaluation.metrics import Counts, confusion
from trainer.study.choose_probe import STEPS, Heads, train_heads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.labels.classes import ClassSet
    from trainer.study.choose_data import ChooseData

ALL_LABELS = "all"
"""Name of the runs that learn from every label there is: what a strategy can reach."""
GROWTH = 5
"""A batch is at least this fraction of the labels so far, so that long runs stay affordable."""


class Mender(Protocol):
    """Measures the seconds that photos take an annotator."""

    def __call__(self, rows: Sequence[int], heads: Heads | None, seed: int) -> float:
        """Seconds of some photos of the pool, with suggestions by some heads or without any."""


@dataclass(frozen=True)
class ChooseRun:
    """One curve: a strategy and a seed, on which its chance and the trainings depend."""

    strategy: str
    seed: int

    @property
    def name(self) -> str:
        """Name of its file, without suffix."""
        return f"{self.strategy}-{self.seed}"


@dataclass(frozen=True)
class Curve:
    """Result of a run.

    Attributes
    ----------
    labels
        ``(B,)`` numbers of labels at which the model was measured.
    seconds
        ``(B,)`` spent on them; NaN where that was not measured.
    matrices
        ``(B, P, K, K)`` confusion matrices of the validation photos.
    chosen
        Photo ids in the order in which they were labelled.
    groups
        ``(P,)`` str, of the validation photos.
    """

    labels: npt.NDArray[np.int64]
    seconds: npt.NDArray[np.float64]
    matrices: Counts
    chosen: npt.NDArray[np.int64]
    groups: npt.NDArray[np.str_]


def simulate(
    data: ChooseData,
    classes: ClassSet,
    run: ChooseRun,
    budgets: Sequence[int],
    *,
    batch: int,
    pool_share: float = 1.0,
    steps: int = STEPS,
    mend: Mender | None = None,
    tick: Callable[[int], None] = lambda labels: None,
) -> Curve:
    """Follow a strategy to the largest budget, or to the last photo.

    Parameters
    ----------
    budgets
        Numbers of labels at which the model is measured, ascending.
    pool_share
        Part of the photos that may be chosen, another one for each seed: a strategy that leaves little to
        chance would else be seen at work once, however many seeds there are.
    batch
        Photos that are chosen at a time, until they are less than a fifth of the labels.
    steps
        Of each training.
    tick
        Called with the number of labels before each batch.
    """
    strategy = find_strategy(run.strategy)
    rng = np.random.default_rng([run.seed, *run.strategy.encode()])
    part = np.random.default_rng(run.seed).permutation(len(data.pool))
    part = part[: max(1, round(pool_share * len(part)))]
    stops = sorted({min(budget, len(part)) for budget in budgets})
    chosen: list[int] = []
    heads: Heads | None = None
    spent, rows, seconds = 0.0, [], []
    while len(chosen) < stops[-1]:
        tick(len(chosen))
        stop = next(stop for stop in stops if stop > len(chosen))
        count = min(max(batch, len(chosen) // GROWTH), stop - len(chosen))
        left = np.setdiff1d(part, chosen)
        pool = pool_of(data, left, chosen, classes, heads if strategy.scored else None)
        found = [choice.photo_id for choice in strategy(pool, count, rng, len(chosen))]
        if mend is not None:
            spent += mend(found, heads, run.seed)
        chosen += found
        if strategy.scored or mend is not None or len(chosen) == stop:
            # in the pool's order: what is learnt is of the photos, not of the order in which they were chosen
            entries = [data.pixels[row] for row in sorted(chosen)]
            heads = train_heads(entries, classes.count, run.seed, steps)
        if len(chosen) == stop and heads is not None:
            rows.append(measure(data, heads, classes.count))
            seconds.append(spent if mend is not None else np.nan)
    ids = np.array([data.pool[row].photo_id for row in chosen], np.int64)
    return Curve(np.array(stops), np.array(seconds), np.stack(rows), ids, groups_of(data))


def learn_all(data: ChooseData, classes: ClassSet, seed: int, steps: int = STEPS) -> Curve:
    """Learn from every label there is."""
    heads = train_heads(data.pixels, classes.count, seed, steps)
    ids = np.array([truth.photo_id for truth in data.pool], np.int64)
    matrices = measure(data, heads, classes.count)[None]
    return Curve(np.array([len(ids)]), np.array([np.nan]), matrices, ids, groups_of(data))


def groups_of(data: ChooseData) -> npt.NDArray[np.str_]:
    """Return the groups of the validation photos."""
    return np.array([truth.group for truth in data.judges], np.str_)


def pool_of(
    data: ChooseData,
    left: npt.NDArray[np.intp],
    chosen: Sequence[int],
    classes: ClassSet,
    heads: Heads | None,
) -> Pool:
    """Photos that are left, named by their rows, with what the heads say of them."""
    scores = None
    if heads is not None:
        each = heads.probabilities(data.grid[left].flatten(0, 1)).numpy()
        each = each.reshape(len(left), -1, *each.shape[1:])
        side = round(each.shape[1] ** 0.5)
        maps = each.transpose(0, 2, 3, 1).reshape(len(left), each.shape[2], each.shape[3], side, side)
        scores = Scores.of([photo_scores(photo.mean(axis=0), classes, heads=photo) for photo in maps])
    return Pool(left, data.bursts[left], data.features[left], data.features[list(chosen)], scores)


def measure(data: ChooseData, heads: Heads, classes: int) -> Counts:
    """Confusion matrices ``(P, K, K)`` of the validation photos."""
    answers = heads.probabilities(data.judge_grid.flatten(0, 1)).mean(dim=1).argmax(dim=1)
    found = answers.numpy().astype(np.uint8).reshape(data.judge_target.shape)
    return np.stack([confusion(t, p, classes) for t, p in zip(data.judge_target, found, strict=True)])
