"""Examples: photos on which a model did best and worst, with truth and prediction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluation.report.pictures import data_uri, overlay, small
from trainer.labels.truth import to_labels, to_targets
from trainer.project.privacy.sensitive import sensitive_values, veil

if TYPE_CHECKING:
    from trainer.evaluation.given_masks import GivenMasks
    from trainer.evaluation.scorecard import PhotoRow, Scorecard
    from trainer.inference.predictor import Predictor
    from trainer.project.project import Project

Advance = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Example:
    """Photo with its truth and prediction, as data addresses."""

    name: str
    dice9: float
    dice2: float
    hd95: float
    photo: str
    truth: str
    prediction: str


def examples(
    project: Project,
    predictor: Predictor,
    scorecard: Scorecard,
    count: int = 3,
    *,
    masks: GivenMasks | None = None,
    show_sensitive: bool = False,
    progress: Advance = lambda what, done, total: None,
) -> tuple[list[Example], list[Example]]:
    """Draw the best and the worst photos of a split, one at a time.

    Parameters
    ----------
    count
        How many of each, at most; no photo is shown twice.
    masks
        The masks that were compared with, if not the project's own.
    show_sensitive
        Show also what `privacy.sensitive` hides.

    Returns
    -------
    tuple of list
        Best first, and worst first.
    """
    from trainer.evaluation.evaluate import compared, with_target

    readers = dict(compared(project, scorecard.evaluation.split, masks)) if count else {}
    worst, best = extremes(scorecard, count)
    hidden = frozenset() if show_sensitive else sensitive_values(project.classes, project.settings.privacy)
    drawn = []
    for index, row in enumerate([*best, *worst]):
        progress("drawing photos", index, len(best) + len(worst))
        photo, target = with_target(project, row["id"], readers[row["id"]])
        said = predictor.predict(photo).labels
        labels, true = to_targets(said), to_labels(target)
        picture = veil(small(photo), np.where(true == 0, said, true), hidden)
        truth, prediction = (overlay(picture, mask, project.classes) for mask in (target, labels))
        figures = (row["dice9"], row["dice2"], row["hd95"])
        drawn.append(
            Example(row["photo"], *figures, *(data_uri(shown) for shown in (picture, truth, prediction)))
        )
    return drawn[: len(best)], drawn[len(best) :]


def extremes(scorecard: Scorecard, count: int) -> tuple[list[PhotoRow], list[PhotoRow]]:
    """Rows of the worst and of the best photos, each from its end; at most half of all photos are in one."""
    rows = [row for row in scorecard.photo_rows() if not np.isnan(row["dice9"])]
    worst = rows[: min(count, len(rows) // 2)]
    best = rows[::-1][: min(count, len(rows) - len(worst))]
    return worst, best
