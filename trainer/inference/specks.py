"""Specks of a prediction of body parts: regions too small to be worth a look go to the class around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from skimage.measure import label

from trainer.labels.classes import BODY_PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

SPECK = 0.0005
"""A region that is a smaller share of its photo is a speck: to mend it takes an aim, to miss it nothing."""


def speck_share(names: Iterable[str]) -> float:
    """Return `SPECK` where all classes are parts of a body, else 0: a whole mole or nucleus is as small."""
    return SPECK if {"background", "uncertain", *BODY_PARTS}.issuperset(names) else 0.0


def without_specks(labels: NDArray[np.uint8], share: float = SPECK) -> NDArray[np.uint8]:
    """Give each speck to the class that it has the longest border with; other specks count as none.

    Parameters
    ----------
    labels
        uint8 ``(H, W)``.
    share
        Regions, joined by sides, of fewer pixels than this share of all are specks; 0: none is.

    Returns
    -------
    uint8 array ``(H, W)``
        Specks that touch nothing but other specks are as they were.
    """
    if not share:
        return labels
    regions: NDArray[np.int64] = label(labels, background=-1, connectivity=1)  # type: ignore[no-untyped-call]
    sizes = np.bincount(regions.ravel())
    small = sizes < share * labels.size
    small[0] = False
    if not small.any():
        return labels
    rank = np.cumsum(small) - 1  # of a speck among the specks
    classes = int(labels.max()) + 1
    borders = np.zeros(int(small.sum()) * classes, np.int64)
    for ahead, behind in (
        (np.s_[1:], np.s_[:-1]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:, 1:], np.s_[:, :-1]),
        (np.s_[:, :-1], np.s_[:, 1:]),
    ):
        inside, beside = regions[ahead], regions[behind]
        met = small[inside] & ~small[beside]
        borders += np.bincount(
            rank[inside[met]] * classes + labels[behind][met].astype(np.int64), minlength=len(borders)
        )
    by_speck = borders.reshape(-1, classes)
    known = by_speck.any(axis=1)
    place = np.flatnonzero(small)[known]
    value = np.zeros(len(sizes), np.uint8)
    value[place] = by_speck[known].argmax(axis=1)
    taken = np.zeros(len(sizes), bool)
    taken[place] = True
    return np.where(taken[regions], value[regions], labels)
