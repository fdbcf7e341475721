"""How good the served suggestions really are, from what people saved: pure functions over measured masks.

Scores on validation photos choose models, so that they flatter the one that was chosen; masks that began from
a suggestion agree with it because they began from it. Photos shown blind have neither fault.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluation.bootstrap import Bootstrap
from trainer.evaluation.metrics import interval, macro_dice
from trainer.evaluation.scores.skin_tone import BINS, bin_of
from trainer.project.states import Slot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.evaluation.metrics import Counts, Floats
    from trainer.labels.classes import ClassSet
    from trainer.project.masks.measurements import Measured

FEWEST = 3
"""Photos below which no interval is given."""
SEEN = 0.002
"""Share of the pixels from which on a class counts as shown on a photo."""


@dataclass(frozen=True)
class Figure:
    """A share or score, how many photos it is from, and its 95 % interval over groups of enough photos."""

    value: float | None
    photos: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Survival:
    """How much of a proposed class stayed as it was: where people saw the suggestion, and where not."""

    name: str
    shown: Figure
    blind: Figure


@dataclass(frozen=True)
class Honesty:
    """Figures of one project.

    Attributes
    ----------
    live_dice
        Macro Dice of hidden suggestions on photos painted blind.
    wrong_chosen, wrong_random
        Share of the pixels that suggestions had wrong on photos chosen by rank, and on random ones.
    gain
        The first less the second: how much more a chosen photo has to teach.
    survival
        Of each class that was ever proposed.
    groups
        Groups with a mask.
    classes, tones
        Masks that show each class, and photos of each skin tone.
    """

    live_dice: Figure
    wrong_chosen: Figure
    wrong_random: Figure
    gain: Figure
    survival: tuple[Survival, ...]
    groups: int
    masks: int
    classes: dict[str, int]
    tones: dict[str, int]


def look_honestly(rows: Sequence[Measured], classes: ClassSet, draws: int = 1000) -> Honesty:
    """Sum up measured masks; of a photo that was saved more than once its first and its last count."""
    rows = [row for row in rows if row.pixels]
    newest = list({row.photo_id: row for row in rows}.values())
    compared = [row for row in rows if row.confusion is not None]
    blind = [row for row in compared if row.blind]
    chosen = [row for row in compared if row.slot == Slot.RANKED]
    random = [row for row in compared if row.slot == Slot.RANDOM]
    return Honesty(
        live_dice=_dice(blind, draws),
        wrong_chosen=_mean(_wrong(chosen), chosen, draws),
        wrong_random=_mean(_wrong(random), random, draws),
        gain=_gain(chosen, random, draws),
        survival=tuple(_survival(compared, classes, draws)),
        groups=len({row.group for row in newest}),
        masks=len(newest),
        classes=_classes(newest, classes),
        tones=_tones(newest),
    )


def _matrices(rows: Sequence[Measured]) -> Counts:
    return np.array([row.confusion for row in rows], np.int64)


def _dice(rows: Sequence[Measured], draws: int) -> Figure:
    if not rows:
        return Figure(None, 0)
    matrices = _matrices(rows)
    value = _or_none(float(macro_dice(matrices.sum(0))))
    if len(rows) < FEWEST or value is None:
        return Figure(value, len(rows))
    sample = Bootstrap([row.group for row in rows], draws)
    low, high = interval(np.asarray(macro_dice(sample.sums(matrices))))
    return Figure(value, len(rows), low, high)


def _wrong(rows: Sequence[Measured]) -> Floats:
    """Share of the pixels of each photo that the suggestion had wrong."""
    if not rows:
        return np.zeros(0)
    matrices = _matrices(rows)
    share: Floats = 1 - np.trace(matrices, axis1=1, axis2=2) / np.maximum(matrices.sum((1, 2)), 1)
    return share


def _mean(values: Floats, rows: Sequence[Measured], draws: int) -> Figure:
    if not len(values):
        return Figure(None, 0)
    if len(values) < FEWEST:
        return Figure(float(values.mean()), len(values))
    low, high = Bootstrap([row.group for row in rows], draws).interval_of_mean(values)
    return Figure(float(values.mean()), len(values), low, high)


def _gain(chosen: Sequence[Measured], random: Sequence[Measured], draws: int) -> Figure:
    photos = len(chosen) + len(random)
    if not chosen or not random:
        return Figure(None, photos)
    ours, theirs = _wrong(chosen), _wrong(random)
    value = float(ours.mean() - theirs.mean())
    if min(len(chosen), len(random)) < FEWEST:
        return Figure(value, photos)
    spread = [
        Bootstrap([row.group for row in rows], draws, seed).means(values)
        for seed, (rows, values) in enumerate(((chosen, ours), (random, theirs)))
    ]
    low, high = interval(spread[0] - spread[1])
    return Figure(value, photos, low, high)


def _survival(rows: Sequence[Measured], classes: ClassSet, draws: int) -> list[Survival]:
    """Of the pixels proposed as a class, the share that was saved as it, photo by photo."""
    found = []
    for index, name in enumerate(classes.names):
        figures = []
        for is_blind in (False, True):
            some = [row for row in rows if row.blind is is_blind and row.confusion is not None]
            with_it = [row for row in some if row.confusion and sum(line[index] for line in row.confusion)]
            matrices = _matrices(with_it)
            stayed = matrices[:, index, index] / matrices[:, :, index].sum(1) if len(with_it) else np.zeros(0)
            figures.append(_mean(stayed, with_it, draws))
        if figures[0].photos or figures[1].photos:
            found.append(Survival(name, *figures))
    return found


def _classes(rows: Sequence[Measured], classes: ClassSet) -> dict[str, int]:
    shown = Counter(
        index
        for row in rows
        for index, pixels in enumerate(row.pixels)
        if pixels >= max(1, SEEN * sum(row.pixels))
    )
    return {name: shown[index] for index, name in enumerate(classes.names)}


def _tones(rows: Sequence[Measured]) -> dict[str, int]:
    bins = Counter(bin_of(row.tone) for row in rows if row.tone is not None)
    return {name: bins[name] for name in BINS}


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
