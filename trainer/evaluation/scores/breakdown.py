"""Scores of parts of a split: by body part, by folder, by skin tone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluation.bootstrap import Bootstrap
from trainer.evaluation.json_values import Json, json_object
from trainer.evaluation.metrics import Counts, Floats, interval
from trainer.evaluation.scores.headlines import dice2, dice9
from trainer.evaluation.scores.skin_tone import BINS, bin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.labels.classes import ClassSet

MOST = 12
"""Kinds beyond which a list by folder says nothing."""


@dataclass(frozen=True)
class Part:
    """Scores of the photos of one kind."""

    kind: str
    photos: int
    groups: int
    dice9: float
    dice9_ci95: tuple[float, float]
    dice2: float
    dice2_ci95: tuple[float, float]

    def to_json(self) -> Json:
        """Return the scores as one JSON object, NaN as null."""
        return json_object(vars(self))


def breakdown(
    matrices: Counts, groups: Sequence[str], kinds: Sequence[str | None], classes: ClassSet, draws: int = 500
) -> list[Part]:
    """Score the photos of each kind; photos without one are left out.

    Parameters
    ----------
    matrices
        Per photo ``(P, K, K)``.
    kinds
        Kind of each photo, in the order in which kinds are first named.
    """
    parts = []
    for kind in dict.fromkeys(kind for kind in kinds if kind is not None):
        chosen = [i for i, other in enumerate(kinds) if other == kind]
        some = matrices[chosen]
        sample = Bootstrap([groups[i] for i in chosen], draws)
        whole, drawn = some.sum(0), sample.sums(some)

        def scored(
            score: Callable[..., Floats], whole: Counts = whole, drawn: Counts = drawn
        ) -> tuple[float, tuple[float, float]]:
            return float(score(whole, classes)), interval(score(drawn, classes, whole))

        (nine, nine_ci95), (two, two_ci95) = scored(dice9), scored(dice2)
        parts.append(Part(kind, len(chosen), sample.groups, nine, nine_ci95, two, two_ci95))
    return parts


def main_classes(matrices: Counts, classes: ClassSet) -> list[str | None]:
    """Find the class, but for background and uncertain, with most pixels of each photo's truth."""
    truth = matrices.sum(-1).copy()
    truth[:, [i for i in (classes.background, classes.uncertain) if i is not None]] = 0
    return [classes.names[int(row.argmax())] if row.any() else None for row in truth]


def by_main_class(matrices: Counts, groups: Sequence[str], classes: ClassSet) -> list[Part]:
    """Parts by what a photo mainly shows, in the order of the class set."""
    parts = breakdown(matrices, groups, main_classes(matrices, classes), classes)
    return sorted(parts, key=lambda part: classes.names.index(part.kind))


def by_tone(matrices: Counts, groups: Sequence[str], tones: Floats, classes: ClassSet) -> list[Part]:
    """Parts by skin tone, from light to dark."""
    parts = breakdown(matrices, groups, [bin_of(float(tone)) for tone in tones], classes)
    return sorted(parts, key=lambda part: BINS.index(part.kind))


def by_folder(matrices: Counts, groups: Sequence[str], paths: Sequence[str], classes: ClassSet) -> list[Part]:
    """Parts by the first folder on a photo's path; none where that does not sort the photos."""
    kinds = [path.replace("\\", "/").rpartition("/")[0].partition("/")[0] or None for path in paths]
    if not 2 <= len(set(kinds)) <= MOST or len(set(kinds)) == len(np.unique(np.asarray(groups, str))):
        return []
    return sorted(breakdown(matrices, groups, kinds, classes), key=lambda part: part.kind)
