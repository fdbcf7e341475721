"""Summary of one model on one split: the figures that rounds, the gate and reports share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.evaluation.bootstrap import Bootstrap
from trainer.evaluation.json_values import Json, json_object
from trainer.evaluation.metrics import (
    class_scores,
    eight_class_dice,
    interval,
    macro,
    macro_dice,
    skin_or_not,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.evaluation.metrics import Counts, Floats
    from trainer.labels.classes import ClassSet


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

    def to_json(self) -> Json:
        """Return the figures as one JSON object, NaN as null; per-photo matrices stay out."""
        names = ("model", "split", "photos", "dice9", "dice8", "dice2", "iou9", "ci95", "per_class")
        return json_object({name: getattr(self, name) for name in names})

    to_dict = to_json

    def headline(self) -> dict[str, Any]:
        """Return what a round reports: ``dice9``, ``dice8``, ``dice2`` and Dice per class."""
        dice = {name: row["dice"] for name, row in self.per_class.items()}
        return json_object({"dice9": self.dice9, "dice8": self.dice8, "dice2": self.dice2, "per_class": dice})


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
        resampled = Bootstrap(groups, draws, seed).sums(matrices)
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
