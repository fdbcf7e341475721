"""Single crops of labelled and of unlabelled photos.

A crop depends on (seed, step, slot) alone, not on the thread that made it or on what was made before; that is
what makes a resumed round equal to one that was never interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.data.augment import Strength, augmented_window
from trainer.data.fit import Centres, Fit, fit_photo, fit_target, middle
from trainer.errors import SkinsegError
from trainer.labels.values import IGNORE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from trainer.data.photo_cache import Bytes, WorkingPhotos
    from trainer.data.trainset import TrainSet


@dataclass(frozen=True)
class CropPlan:
    """Size, number and augmentation of crops: a recipe may ask for its own."""

    size: int
    batch: int
    strength: Strength
    class_balanced: float
    newest_share: float
    seed: int
    fit: Fit = "crop"
    centres: Centres = "inside"

    def cut(
        self, photo: Bytes, target: Bytes | None, wanted: int | None, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Cut one augmented crop of a photo.

        Parameters
        ----------
        photo, target
            ``(H, W, 3)`` and ``(H, W)``; no target: IGNORE everywhere.
        wanted
            Class to centre on, if any; a whole photo (``squash``, ``pad``) is centred on its middle.

        Returns
        -------
        Tensor, Tensor
            ``(3, S, S)`` and ``(S, S)``, both uint8.
        """
        if self.fit == "crop":
            centre = _centre(photo.shape, target, wanted, self.size, self.centres, rng)
        else:
            photo = fit_photo(photo, self.fit, self.size)
            target = None if target is None else fit_target(target, self.fit, self.size)
            centre = middle(photo.shape)
        return augmented_window(photo, target, centre, self.size, self.strength, rng)


class LabelledCrops:
    """Crops with their truth, drawn class-balanced from a :class:`TrainSet`."""

    def __init__(self, train: TrainSet, plan: CropPlan) -> None:
        self.train, self.plan = train, plan

    def draw(self, step: int, slot: int, batch: int) -> tuple[Tensor, Tensor]:
        """Draw one crop: ``(3, S, S)`` and ``(S, S)``, both uint8.

        Raises
        ------
        SkinsegError
            When no labelled photo can be read any more.
        """
        # a generator of its own: which thread makes the crop, and what was made before, leaves no trace in it
        rng = np.random.default_rng([self.plan.seed, step, slot])
        # the slot decides, not a draw, so that every batch has its share of new photos
        newest = slot % batch < self.plan.newest_share * batch
        while True:
            candidates = self.train.usable(newest)
            if not len(candidates):
                reasons = next(iter(self.train.dropped.values()), "the masks have no labelled pixel")
                raise SkinsegError(f"no labelled photo can be used for training: {reasons}")
            index, wanted = self._choose(candidates, rng)
            try:
                photo, target = self.train.pair(index)
            except SkinsegError as error:
                # the one dependence on time: a photo that breaks during a round is missed from here on
                self.train.drop(index, error)
                continue
            return self.plan.cut(photo, target, wanted, rng)

    def _choose(self, candidates: npt.NDArray[np.intp], rng: np.random.Generator) -> tuple[int, int | None]:
        """Choose a photo and, for a class-balanced crop, the class to centre on."""
        if rng.random() >= self.plan.class_balanced:
            return int(rng.choice(candidates)), None
        counts = self.train.counts[candidates]
        frequency = counts.sum(0).astype(np.float64)
        # the rarer a class, the more often a crop is centred on it
        weight = np.where(frequency > 0, np.maximum(frequency, 1) ** -0.5, 0)
        wanted = int(rng.choice(len(weight), p=weight / weight.sum()))
        return int(rng.choice(candidates[counts[:, wanted] > 0])), wanted


class UnlabelledCrops:
    """Crops of unlabelled photos; their truth is IGNORE everywhere."""

    ATTEMPTS = 50

    def __init__(
        self,
        photos: WorkingPhotos,
        photo_ids: npt.NDArray[np.int64],
        plan: CropPlan,
        spare: npt.NDArray[np.int64] | None = None,
    ) -> None:
        """`spare`: photos to take where none of the others can be read."""
        self.photos, self.photo_ids, self.plan = photos, photo_ids, plan
        self.spare = np.zeros(0, np.int64) if spare is None else spare
        self._unreadable: set[int] = set()

    def draw(self, step: int, slot: int, batch: int) -> tuple[Tensor, Tensor]:
        """Draw one crop: ``(3, S, S)`` and ``(S, S)`` of IGNORE, both uint8.

        Raises
        ------
        SkinsegError
            When no photo can be read, the spare ones included.
        """
        # the last number keeps these draws apart from those of the labelled crop in the same slot
        rng = np.random.default_rng([self.plan.seed, step, slot, 1])
        last: Exception | None = None
        for photo_id in self._order(rng):
            if photo_id in self._unreadable:
                continue
            try:
                photo = self.photos.photo(photo_id)
            except SkinsegError as error:
                self._unreadable.add(photo_id)
                last = error
                continue
            return self.plan.cut(photo, self._target(photo), None, rng)
        raise SkinsegError(f"no unlabelled photo can be read: {last or 'see skinseg doctor'}")

    def _order(self, rng: np.random.Generator) -> Iterator[int]:
        for _ in range(self.ATTEMPTS):
            yield int(rng.choice(self.photo_ids))
        yield from map(int, rng.permutation(self.photo_ids))
        yield from map(int, rng.permutation(self.spare))

    def _target(self, photo: Bytes) -> Bytes | None:
        return None


class AllCrops(UnlabelledCrops):
    """Crops of all photos, for pretraining; the target is 0 inside the photo and IGNORE beyond its border."""

    def _target(self, photo: Bytes) -> Bytes | None:
        return np.zeros(photo.shape[:2], np.uint8)


def _inside(extent: int, size: int, rng: np.random.Generator) -> int:
    """Draw a centre that keeps the window inside, or take the middle where the photo is smaller."""
    if extent <= size:
        return extent // 2
    return int(rng.integers(size // 2, extent - size + size // 2 + 1))


def _centre(
    shape: tuple[int, ...],
    target: Bytes | None,
    wanted: int | None,
    size: int,
    centres: Centres,
    rng: np.random.Generator,
) -> tuple[int, int]:
    """Draw a centre: on the wanted class, else anywhere, but on labelled pixels where those are few."""
    height, width = shape[:2]
    chosen = None
    if target is not None and wanted is not None:
        chosen = np.flatnonzero(target == wanted)
    elif target is not None and np.count_nonzero(target == IGNORE) * 2 > target.size:
        chosen = np.flatnonzero(target != IGNORE)
    if chosen is not None and len(chosen):
        row, column = divmod(int(rng.choice(chosen)), width)
        return row, column
    if centres == "uniform":
        return int(rng.integers(height)), int(rng.integers(width))
    return _inside(height, size, rng), _inside(width, size, rng)
