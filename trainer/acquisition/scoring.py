"""Scores of one photo from what a model says about its pixels. No torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.acquisition.pool import PhotoScores

if TYPE_CHECKING:
    from trainer.labels.classes import ClassSet

QUICK_CHECK = "a quick check"
SEEN = 0.015
"""A class on less than this share of a photo is not counted as one of its parts."""
MOST_PIXELS = 40_000
"""So many say as much as all; larger maps are thinned."""


def photo_scores(
    probabilities: npt.NDArray[np.floating],
    classes: ClassSet,
    *,
    heads: npt.NDArray[np.floating] | None = None,
    error: npt.NDArray[np.floating] | None = None,
) -> PhotoScores:
    """Say what a model's answer on one photo is worth asking about.

    Parameters
    ----------
    probabilities
        ``(K, H, W)``, at any size: stride 4 or the working size is enough.
    classes
        For the background and the names.
    heads
        ``(M, K, H, W)`` probabilities of each head, of a model that has some.
    error
        ``(H, W)``: a map of likely errors in [0, 1], of a model that has one.

    Returns
    -------
    PhotoScores
        All NaN for an empty map, and for one that holds no finite number.
    """
    step = max(1, round((probabilities[0].size / MOST_PIXELS) ** 0.5))
    p = _pixels(probabilities, step)
    usable = np.isfinite(p).all(axis=0)
    p = p[:, usable]
    if not p.size:
        return PhotoScores()
    unsure = entropy(p)
    top = np.sort(p, axis=0)[::-1]
    mutual = np.nan
    if heads is not None:
        each = np.stack([_pixels(head, step)[:, usable] for head in heads], axis=1)  # (K, M, pixels)
        mutual = float(np.maximum(entropy(each.mean(axis=1)) - entropy(each).mean(axis=0), 0).mean())
    likeliest = p.argmax(axis=0)
    by_class = np.bincount(likeliest, unsure, minlength=len(p)) / len(unsure)
    shares = np.bincount(likeliest, minlength=len(p)) / len(unsure)
    return PhotoScores(
        entropy=float(unsure.mean()),
        margin=float((top[0] - top[1]).mean()) if len(top) > 1 else 1.0,
        disagreement=mutual,
        foreground=float(1 - p[classes.background].mean()),
        error=np.nan if error is None else float(np.nanmean(error)),
        seconds=expected_seconds(p),
        class_entropy=tuple(float(value) for value in by_class),
        class_share=tuple(float(value) for value in shares),
        question=question(p, unsure, classes),
    )


def entropy(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Entropy over the first axis, in nats."""
    found: npt.NDArray[np.floating] = -(probabilities * np.log(np.maximum(probabilities, 1e-9))).sum(axis=0)
    return found


def expected_seconds(probabilities: npt.NDArray[np.floating]) -> float:
    """Seconds of work that a photo's suggestion leaves, from probabilities ``(K, pixels)``.

    Fitted to the simulated hand on 66 photos of body parts with suggestions of a probe that had 12, 24 and 48
    labels: the number of classes that are suggested says most, and little of it can be foreseen (R² .36).
    """
    shares = np.bincount(probabilities.argmax(axis=0), minlength=len(probabilities)) / probabilities.shape[1]
    parts = int((shares > SEEN).sum())
    return max(3.0, 14.0 * parts + 34.0 * float(1 - probabilities.max(axis=0).mean()) - 13.0)


def question(
    probabilities: npt.NDArray[np.floating], unsure: npt.NDArray[np.floating], classes: ClassSet
) -> str:
    """Ask between which two classes a model wavers most."""
    if unsure.mean() < 0.02:
        return QUICK_CHECK
    order = np.argsort(-probabilities, axis=0, kind="stable")[:2]
    first, second = np.sort(order, axis=0)
    weight = np.bincount(first * len(probabilities) + second, unsure, minlength=len(probabilities) ** 2)
    pair = divmod(int(weight.argmax()), len(probabilities))
    return f"{classes.names[pair[0]]} or {classes.names[pair[1]]}?"


def _pixels(maps: npt.NDArray[np.floating], step: int) -> npt.NDArray[np.float32]:
    """Flatten ``(K, H, W)`` to ``(K, pixels)``, thinned."""
    return np.asarray(maps[:, ::step, ::step], np.float32).reshape(len(maps), -1)
