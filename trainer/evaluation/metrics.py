"""Segmentation scores from one confusion matrix per photo. Plain numpy, no torch.

A confusion matrix ``N[i, j]`` counts labelled pixels of true class i predicted as j. Dice is
F1, 2TP / (2TP + FP + FN); IoU is TP / (TP + FP + FN) = Dice / (2 - Dice). A class absent from truth and
prediction has no score (NaN) and is left out of means; absent from the truth but predicted, it scores 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.labels.classes import ClassSet
from trainer.labels.values import IGNORE

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def confusion(target: npt.NDArray[np.uint8], prediction: npt.NDArray[np.uint8], classes: int) -> Counts:
    """Count (true, predicted) pairs over labelled pixels.

    Parameters
    ----------
    target
        Class indices, IGNORE where not labelled; ``(H, W)`` uint8.
    prediction
        Class indices, same shape.

    Returns
    -------
    ndarray
        ``(classes, classes)`` int64, rows are the truth.
    """
    valid = target != IGNORE
    pairs = target[valid].astype(np.int64) * classes + prediction[valid]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


@dataclass(frozen=True)
class ClassScores:
    """Scores per class, each ``(..., K)`` float64 with NaN where a class has no score."""

    dice: Floats
    iou: Floats
    precision: Floats
    recall: Floats


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide; NaN where there is nothing below the line."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def class_scores(matrix: Counts) -> ClassScores:
    """Dice, IoU, precision and recall per class of one or many matrices ``(..., K, K)``."""
    true_positive = np.diagonal(matrix, axis1=-2, axis2=-1).astype(np.float64)
    truth = matrix.sum(-1).astype(np.float64)
    predicted = matrix.sum(-2).astype(np.float64)
    return ClassScores(
        dice=ratio(2 * true_positive, truth + predicted),
        iou=ratio(true_positive, truth + predicted - true_positive),
        precision=ratio(true_positive, predicted),
        recall=ratio(true_positive, truth),
    )


def macro(values: Floats, instead: Floats | None = None) -> Floats | float:
    """Mean over the last axis without NaN; NaN where nothing is left.

    Parameters
    ----------
    instead
        What stands for NaN, ``(K,)``. A bootstrap sample without any photo of a rare class says nothing about
        it: then its value in all photos stands, so that every sample is a mean over the same classes.
    """
    values = values if instead is None else np.where(np.isnan(values), instead, values)
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(-1), known.sum(-1).astype(np.float64))


def without_class(matrix: Counts, index: int | None) -> Counts:
    """Drop the pixels whose truth is ``index`` (predicting it elsewhere still counts as an error)."""
    if index is None:
        return matrix
    kept = matrix.copy()
    kept[..., index, :] = 0
    return kept


def skin_or_not(matrix: Counts, background: int) -> Counts:
    """Merge every class but ``background`` into one: ``(..., 2, 2)``, background first."""
    b = background
    total = matrix.sum((-2, -1))
    both, truth, predicted = matrix[..., b, b], matrix[..., b, :].sum(-1), matrix[..., :, b].sum(-1)
    two = np.stack([both, truth - both, predicted - both, total - truth - predicted + both], axis=-1)
    return two.reshape(*matrix.shape[:-2], 2, 2)


def macro_dice(matrix: Counts, whole: Counts | None = None) -> Floats | float:
    """Mean Dice over the classes that occur, of one or many matrices; in ``whole``, of samples of it."""
    return macro(class_scores(matrix).dice, None if whole is None else class_scores(whole).dice)


def eight_class_dice(matrix: Counts, uncertain: int | None, whole: Counts | None = None) -> Floats | float:
    """Macro Dice with the pixels of doubt ignored and their class left out of the mean."""

    def dice(counts: Counts) -> Floats:
        values = class_scores(without_class(counts, uncertain)).dice
        return values if uncertain is None else np.delete(values, uncertain, axis=-1)

    return macro(dice(matrix), None if whole is None else dice(whole))


def sum_by_group(matrices: Counts, groups: Sequence[str]) -> Counts:
    """Add up the matrices ``(P, K, K)`` of photos that share a group: ``(G, K, K)``, groups sorted."""
    names, index = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    summed = np.zeros((len(names), *matrices.shape[1:]), dtype=np.int64)
    np.add.at(summed, index, matrices)
    return summed


def resample_groups(by_group: Sequence[Counts], rng: np.random.Generator, draws: int) -> list[Counts]:
    """Bootstrap: draw groups with replacement, the same draws for every matrix given.

    Parameters
    ----------
    by_group
        Matrices ``(G, K, K)`` to resample together (paired).
    draws
        Number of bootstrap samples.

    Returns
    -------
    list of ndarray
        One ``(draws, K, K)`` per input.
    """
    count = len(by_group[0])
    times = rng.multinomial(count, np.full(count, 1 / count), size=draws)
    return [np.tensordot(times, matrices, axes=(1, 0)) for matrices in by_group]


def interval(values: Floats, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap values, NaN left out."""
    values = values[~np.isnan(values)]
    if not len(values):
        return (float("nan"), float("nan"))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return (float(low), float(high))


@dataclass
class Evaluation:
    """Scores of one model on one split; built by :func:`score_photos`."""

    model: str
    split: str
    photos: int
    dice9: float
    dice8: float
    dice2: float
    iou9: float
    ci95: dict[str, tuple[float, float]]
    per_class: dict[str, dict[str, float | int]]
    matrices: Counts = field(repr=False)
    """One confusion matrix per photo, ``(P, K, K)``."""
    groups: list[str] = field(repr=False)
    photo_ids: list[int] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """The figures as plain JSON values, NaN as null; per-photo matrices stay out."""
        names = ("model", "split", "photos", "dice9", "dice8", "dice2", "iou9", "ci95", "per_class")
        values: dict[str, Any] = plain({name: getattr(self, name) for name in names})
        return values

    to_dict = to_json

    def headline(self) -> dict[str, Any]:
        """What a round reports: ``dice9``, ``dice8``, ``dice2`` and Dice per class."""
        dice = {name: row["dice"] for name, row in self.per_class.items()}
        values: dict[str, Any] = plain(
            {"dice9": self.dice9, "dice8": self.dice8, "dice2": self.dice2, "per_class": dice}
        )
        return values


def plain(value: Any) -> Any:
    """Turn numpy numbers, tuples and NaN into what JSON knows; floats keep five decimals."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else round(float(value), 5)
    return value


def score_photos(
    matrices: Counts,
    groups: Sequence[str],
    photo_ids: Sequence[int],
    classes: ClassSet,
    *,
    model: str,
    split: str,
    draws: int = 2000,
    seed: int = 0,
) -> Evaluation:
    """Score a set of photos from their confusion matrices.

    Parameters
    ----------
    matrices
        ``(P, K, K)``, one per photo.
    groups
        Group of each photo; the bootstrap draws whole groups.
    draws
        Bootstrap samples for the 95 % intervals.

    Returns
    -------
    Evaluation
        Dataset-level scores (pixels of all photos pooled), macro over classes.
    """
    pooled = matrices.sum(0)
    scores = class_scores(pooled)
    present = (matrices.sum(-1) > 0).sum(0)
    per_class: dict[str, dict[str, float | int]] = {}
    for i, name in enumerate(classes.names):
        row: dict[str, float | int] = {
            key: float(getattr(scores, key)[i]) for key in ("dice", "iou", "precision", "recall")
        }
        per_class[name] = {**row, "photos": int(present[i])}
    two = skin_or_not(pooled, classes.background)
    headlines: dict[str, Callable[[Counts], Floats | float]] = {
        "dice9": lambda m: macro_dice(m, pooled),
        "dice8": lambda m: eight_class_dice(m, classes.uncertain, pooled),
        "dice2": lambda m: macro_dice(skin_or_not(m, classes.background), two),
    }
    ci95 = {}
    if len(matrices):
        (resampled,) = resample_groups([sum_by_group(matrices, groups)], np.random.default_rng(seed), draws)
        ci95 = {name: interval(np.asarray(score(resampled))) for name, score in headlines.items()}
    values = {name: float(score(pooled)) for name, score in headlines.items()}
    return Evaluation(
        model=model,
        split=split,
        photos=len(matrices),
        iou9=float(macro(scores.iou)),
        ci95=ci95,
        per_class=per_class,
        matrices=matrices,
        groups=list(groups),
        photo_ids=list(photo_ids),
        **values,
    )
