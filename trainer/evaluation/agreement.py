"""Agreement of two readers who did not see each other's masks: Dice and Cohen's kappa. No torch.

Cohen's kappa (Cohen 1960, Educ. Psychol. Meas. 20) is the agreement beyond chance, (p_o - p_e) / (1 - p_e):
p_o is the observed share of agreeing pixels, p_e that of two readers who draw from their own marginals.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import SkinsegError
from trainer.evaluation.bootstrap import Bootstrap
from trainer.evaluation.metrics import Counts, Floats, Matrices, confusion, interval, ratio
from trainer.labels.values import IGNORE

if TYPE_CHECKING:
    from trainer.labels.classes import ClassSet
    from trainer.project.project import Project
    from trainer.project.review.readings import Reading

__all__ = [
    "Agreement",
    "ClassAgreement",
    "Pair",
    "agreement",
    "compare",
    "dice_of",
    "kappa_of",
    "pair_of",
    "read_pairs",
]

FEW = 2
"""From so few groups on there is an interval."""


@dataclass(frozen=True)
class Pair:
    """One photo that two people read; `matrix` counts pixels that both labelled, the first reader in rows."""

    group: str
    first: str
    second: str
    matrix: Counts


@dataclass(frozen=True)
class ClassAgreement:
    """Agreement on one class; NaN where neither has used it, intervals of 95 % over photos."""

    name: str
    photos: int
    """Photos on which at least one has used it."""
    dice: float
    dice_interval: tuple[float, float]
    kappa: float
    kappa_interval: tuple[float, float]


@dataclass(frozen=True)
class Agreement:
    """Agreement over all photos that two people read.

    Attributes
    ----------
    same
        Share of pixels with the same class.
    kappa, kappa_interval
        Over all classes.
    doubt
        For each annotator and class: of the pixels that the other reader gives this class, the share that
        they call uncertain; None where there is no such pixel. Empty where the class set has no such class.
    uncertain
        For each annotator the share of uncertain pixels in all their measured masks.
    """

    photos: int
    groups: int
    waiting: int
    same: float
    kappa: float
    kappa_interval: tuple[float, float]
    classes: tuple[ClassAgreement, ...]
    doubt: dict[str, dict[str, float | None]]
    uncertain: dict[str, float]
    left_out: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return asdict(self)


def agreement(project: Project) -> Agreement:
    """Compare the masks of all double readings of a project; those that cannot be read are left out."""
    pairs, left_out = read_pairs(project)
    uncertain = project.classes.uncertain
    shares: dict[str, float] = {}
    if uncertain is not None:
        pixels = project.measurements.pixels_by_annotator()
        shares = {name: counts[uncertain] / sum(counts) for name, counts in pixels.items() if sum(counts)}
    return compare(pairs, project.classes, shares, tuple(left_out), len(project.readings.waiting()))


def read_pairs(project: Project) -> tuple[list[Pair], list[str]]:
    """Read both masks of every double reading; also a line for each that cannot be read."""
    pairs, left_out = [], []
    for reading in project.readings.both():
        try:
            second = str(reading.second_revision)
            pairs.append(pair_of(project, reading, reading.first_revision, second))
        except SkinsegError as error:
            left_out.append(str(error))
    return pairs, left_out


def pair_of(project: Project, reading: Reading, one_id: str, other_id: str) -> Pair:
    """Count the pixels of two masks of a photo that two people read.

    Parameters
    ----------
    one_id, other_id
        Revisions of that photo.

    Raises
    ------
    SkinsegError
        If one cannot be read, or the photo was replaced between them.
    """
    masks = project.masks
    one = masks.read_truth(masks.revision(one_id))
    other = masks.read_truth(masks.revision(other_id))
    known = project.photos.get(reading.photo_id)
    if one.shape != other.shape:
        raise SkinsegError(f"{known.relpath}: its two masks are of different sizes; the photo was replaced")
    both = np.where(other == IGNORE, np.uint8(IGNORE), one)
    matrix = confusion(both, other, project.classes.count)
    return Pair(known.group, reading.first, str(reading.second), matrix)


def compare(
    pairs: list[Pair],
    classes: ClassSet,
    uncertain: dict[str, float],
    left_out: tuple[str, ...] = (),
    waiting: int = 0,
) -> Agreement:
    """Compute agreement from pairs of masks; pure."""
    count = classes.count
    nothing = np.zeros((1, count, count), np.int64)
    matrices = np.array([pair.matrix for pair in pairs]) if pairs else nothing
    draws = Bootstrap([pair.group for pair in pairs] or [""])
    groups = draws.groups if pairs else 0
    total, drawn = matrices.sum(axis=0), draws.sums(matrices)
    dice, kappa = dice_of(total), class_kappas(total)
    dices, kappas = dice_of(drawn), class_kappas(drawn)
    used = (matrices.sum(axis=1) + matrices.sum(axis=2)) > 0
    per_class = tuple(
        ClassAgreement(
            name,
            int(used[:, index].sum()),
            float(dice[index]),
            _interval(dices[:, index], groups),
            float(kappa[index]),
            _interval(kappas[:, index], groups),
        )
        for index, name in enumerate(classes.names)
    )
    return Agreement(
        photos=len(pairs),
        groups=groups,
        waiting=waiting,
        same=float(ratio(np.trace(total).astype(float), total.sum().astype(float))),
        kappa=float(kappa_of(total)),
        kappa_interval=_interval(kappa_of(drawn), groups),
        classes=per_class,
        doubt=_doubt(pairs, classes),
        uncertain=uncertain,
        left_out=left_out,
    )


def dice_of(matrix: Matrices) -> Floats:
    """Dice of each class, ``(..., K)``; it is the same whoever is called first."""
    hit = np.diagonal(matrix, axis1=-2, axis2=-1).astype(np.float64)
    return ratio(2 * hit, (matrix.sum(axis=-1) + matrix.sum(axis=-2)).astype(np.float64))


def class_kappas(matrix: Matrices) -> Floats:
    """Cohen's kappa of each class against the rest, ``(..., K)``; NaN where neither has used it."""
    hit = np.diagonal(matrix, axis1=-2, axis2=-1).astype(np.float64)
    one, other = matrix.sum(axis=-1).astype(np.float64), matrix.sum(axis=-2).astype(np.float64)
    total = one.sum(axis=-1, keepdims=True)
    observed = ratio(total - one - other + 2 * hit, total)
    chance = ratio(one * other + (total - one) * (total - other), total**2)
    return np.where(one + other > 0, ratio(observed - chance, 1 - chance), np.nan)


def kappa_of(matrix: Matrices) -> Floats:
    """Cohen's kappa over all classes, ``(...)``; NaN where both have used one class alone."""
    total = matrix.sum(axis=(-2, -1)).astype(np.float64)
    observed = ratio(np.trace(matrix, axis1=-2, axis2=-1).astype(np.float64), total)
    chance = ratio((matrix.sum(axis=-1) * matrix.sum(axis=-2).astype(np.float64)).sum(axis=-1), total**2)
    return ratio(observed - chance, 1 - chance)


def _interval(values: Floats, groups: int) -> tuple[float, float]:
    if groups < FEW or np.isnan(values).all():
        return float("nan"), float("nan")
    return interval(values)


def _doubt(pairs: list[Pair], classes: ClassSet) -> dict[str, dict[str, float | None]]:
    if classes.uncertain is None:
        return {}
    found: dict[str, Counts] = {}
    for pair in pairs:  # rows: this annotator, columns: the other
        for name, matrix in ((pair.first, pair.matrix), (pair.second, pair.matrix.T)):
            found[name] = found.get(name, np.zeros_like(matrix)) + matrix
    doubt: dict[str, dict[str, float | None]] = {}
    for annotator, matrix in sorted(found.items()):
        pixels = matrix.sum(axis=0)
        doubt[annotator] = {
            name: float(matrix[classes.uncertain, index] / pixels[index]) if pixels[index] else None
            for index, name in enumerate(classes.names)
            if index != classes.uncertain
        }
    return doubt
