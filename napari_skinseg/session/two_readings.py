"""Two readings of one photo beside each other: whose masks they are, and how far they agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluation.agreement import dice_of, pair_of

if TYPE_CHECKING:
    from trainer.project.project import Project
    from trainer.project.revisions import Revision


@dataclass(frozen=True)
class TwoReadings:
    """The masks of two readers between which nobody has decided yet.

    Attributes
    ----------
    first, second
        Revisions: the current mask, and the second reader's.
    names
        Of the readers, in that order.
    corrected
        Whether the current mask is no longer the first reader's own.
    same
        Share of the pixels labelled in both that have one class; NaN where there are none.
    dice
        Agreement by class, NaN where neither has used it.
    """

    photo_id: int
    first: str
    second: str
    names: tuple[str, str]
    corrected: bool
    same: float
    dice: tuple[float, ...]


def masks_of(project: Project, photo_id: int) -> tuple[Revision, Revision] | None:
    """Return the current mask and the second reader's; None where nothing waits for a decision."""
    reading, head = project.readings.get(photo_id), project.masks.head(photo_id)
    if reading is None or reading.second_revision is None or not reading.waits or head is None:
        return None
    return head, project.masks.revision(reading.second_revision)


def read_two(project: Project, photo_id: int, known: TwoReadings | None) -> TwoReadings | None:
    """Compare the two masks of a photo; what is `known` of the very same ones is not computed again.

    Raises
    ------
    SkinsegError
        If one of them cannot be read, or they are of different sizes.
    """
    both, reading = masks_of(project, photo_id), project.readings.get(photo_id)
    if both is None or reading is None:
        return None
    first, second = both
    if known is not None and (known.first, known.second) == (first.id, second.id):
        return known
    matrix = pair_of(project, reading, first.id, second.id).matrix
    total = int(matrix.sum())
    return TwoReadings(
        photo_id=photo_id,
        first=first.id,
        second=second.id,
        names=(reading.first, second.annotator),
        corrected=first.id != reading.first_revision,
        same=int(np.trace(matrix)) / total if total else float("nan"),
        dice=tuple(float(value) for value in dice_of(matrix)),
    )
