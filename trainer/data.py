"""What a round trains on: crops of labelled photos, and of unlabelled ones where a recipe asks for them.

A crop depends on (seed, step, slot) alone, not on the thread that made it or on what was made before; that is
what makes a resumed round equal to one that was never interrupted.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.augment import Strength, augmented_window, to_unit
from trainer.decoded import Bytes, WorkingPhotos
from trainer.losses import IGNORE
from trainer.project.errors import SkinsegError

PREFETCH = 3
"""Batches made ahead of the one in use."""


@dataclass(frozen=True)
class Item:
    """One labelled photo: the revision of its mask that is truth for this round."""

    photo_id: int
    revision_id: str
    group: str


def keep_fraction(items: Sequence[Item], fraction: float | None) -> list[Item]:
    """Keep about this share of the groups, always the same ones; a smaller share is part of a larger one."""
    if fraction is None or fraction >= 1:
        return list(items)
    groups = sorted({item.group for item in items}, key=lambda g: hashlib.sha256(g.encode()).digest())
    kept = set(groups[: max(1, round(fraction * len(groups)))])
    return [item for item in items if item.group in kept]


class TrainSet:
    """The labelled photos of a round with their class counts.

    Parameters
    ----------
    photos
        Where pictures and truth come from.
    items
        Newest first.
    classes
        Number of classes.
    newest
        So many of the first items are new to the served model.
    tick
        Called between photos while the counts are made.
    """

    def __init__(
        self,
        photos: WorkingPhotos,
        items: Sequence[Item],
        classes: int,
        newest: int = 0,
        tick: Callable[[int], None] | None = None,
    ) -> None:
        self.photos, self.items, self.newest = photos, list(items), newest
        self.counts = np.zeros((len(self.items), classes), np.int64)
        self.dropped: dict[int, str] = {}
        self._lock = threading.Lock()
        for index in range(len(self.items)):
            if tick is not None:
                tick(index)
            try:
                _, target = self.pair(index)
            except SkinsegError as error:
                self.drop(index, error)
                continue
            self.counts[index] = np.bincount(target.ravel(), minlength=256)[:classes]

    def pair(self, index: int) -> tuple[Bytes, Bytes]:
        """Photo ``(h, w, 3)`` and truth ``(h, w)`` of one item."""
        item = self.items[index]
        photo = self.photos.photo(item.photo_id)
        return photo, self.photos.target(item.photo_id, item.revision_id, photo.shape[:2])

    def drop(self, index: int, error: Exception) -> None:
        """Leave an item out from now on, because it cannot be read."""
        with self._lock:
            self.dropped[index] = str(error)
            self.counts[index] = 0

    def usable(self, newest_only: bool = False) -> npt.NDArray[np.intp]:
        """Indices of items with at least one labelled pixel."""
        indices = np.flatnonzero(self.counts.sum(1))
        if newest_only:
            fresh = indices[indices < self.newest]
            return fresh if len(fresh) else indices
        return indices


@dataclass(frozen=True)
class CropPlan:
    """How crops are cut: a recipe may ask for its own."""

    size: int
    batch: int
    strength: Strength
    class_balanced: float
    newest_share: float
    seed: int


class LabelledCrops:
    """Crops with their truth, drawn class-balanced from a :class:`TrainSet`."""

    def __init__(self, train: TrainSet, plan: CropPlan) -> None:
        self.train, self.plan = train, plan

    def draw(self, step: int, slot: int, batch: int) -> tuple[Tensor, Tensor]:
        """One crop: ``(3, S, S)`` and ``(S, S)``, both uint8.

        Raises
        ------
        SkinsegError
            When no labelled photo can be read any more.
        """
        rng = np.random.default_rng([self.plan.seed, step, slot])
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
                self.train.drop(index, error)
                continue
            centre = _centre(target, wanted, self.plan.size, rng)
            return augmented_window(photo, target, centre, self.plan.size, self.plan.strength, rng)

    def _choose(self, candidates: npt.NDArray[np.intp], rng: np.random.Generator) -> tuple[int, int | None]:
        """A photo and, for a class-balanced crop, the class to centre on."""
        if rng.random() >= self.plan.class_balanced:
            return int(rng.choice(candidates)), None
        counts = self.train.counts[candidates]
        frequency = counts.sum(0).astype(np.float64)
        weight = np.where(frequency > 0, np.maximum(frequency, 1) ** -0.5, 0)
        wanted = int(rng.choice(len(weight), p=weight / weight.sum()))
        return int(rng.choice(candidates[counts[:, wanted] > 0])), wanted


class UnlabelledCrops:
    """Crops of photos nobody labelled; their truth is IGNORE everywhere."""

    ATTEMPTS = 50

    def __init__(self, photos: WorkingPhotos, photo_ids: npt.NDArray[np.int64], plan: CropPlan) -> None:
        self.photos, self.photo_ids, self.plan = photos, photo_ids, plan

    def draw(self, step: int, slot: int, batch: int) -> tuple[Tensor, Tensor]:
        """One crop: ``(3, S, S)`` and ``(S, S)`` of IGNORE, both uint8."""
        rng = np.random.default_rng([self.plan.seed, step, slot, 1])
        last: Exception | None = None
        for _ in range(self.ATTEMPTS):
            try:
                photo = self.photos.photo(int(rng.choice(self.photo_ids)))
            except SkinsegError as error:
                last = error
                continue
            centre = (
                _inside(photo.shape[0], self.plan.size, rng),
                _inside(photo.shape[1], self.plan.size, rng),
            )
            return augmented_window(photo, None, centre, self.plan.size, self.plan.strength, rng)
        raise SkinsegError(f"{self.ATTEMPTS} unlabelled photos in a row cannot be read, the last: {last}")


def _inside(extent: int, size: int, rng: np.random.Generator) -> int:
    """A centre that keeps the window inside, or the middle where the photo is smaller."""
    if extent <= size:
        return extent // 2
    return int(rng.integers(size // 2, extent - size + size // 2 + 1))


def _centre(target: Bytes, wanted: int | None, size: int, rng: np.random.Generator) -> tuple[int, int]:
    """Where to cut: on the wanted class, else anywhere, but on labelled pixels where those are few."""
    height, width = target.shape
    chosen = None
    if wanted is not None:
        chosen = np.flatnonzero(target == wanted)
    elif np.count_nonzero(target == IGNORE) * 2 > target.size:
        chosen = np.flatnonzero(target != IGNORE)
    if chosen is None or not len(chosen):
        return _inside(height, size, rng), _inside(width, size, rng)
    row, column = divmod(int(rng.choice(chosen)), width)
    return row, column


@dataclass(frozen=True)
class Batch:
    """Crops on the device: ``image`` (N, 3, S, S) float32 in [-1, 1], ``target`` (N, S, S) uint8."""

    image: Tensor
    target: Tensor


class Loader:
    """Makes batches ahead in background threads.

    Parameters
    ----------
    crops
        Source of single crops.
    batch
        Crops per batch; :meth:`resize` changes it.
    device
        Where batches go.
    workers
        Threads; decoding and augmenting release Python's lock.
    first_slot
        Distinguishes the processes of a distributed round.
    """

    def __init__(
        self,
        crops: LabelledCrops | UnlabelledCrops,
        batch: int,
        device: torch.device,
        workers: int,
        first_slot: int = 0,
    ) -> None:
        self.crops, self.size, self.device, self.first_slot = crops, batch, device, first_slot
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="crops")
        self._made: dict[tuple[int, int], Future[tuple[Tensor, Tensor]]] = {}

    def batch(self, step: int) -> Batch:
        """The batch of one step; starts on those of the next steps."""
        self._order(step)
        pairs = [self._made.pop((step, slot)).result() for slot in self._slots()]
        self._order(step + 1)
        image = torch.stack([image for image, _ in pairs])
        target = torch.stack([target for _, target in pairs])
        if self.device.type == "cuda":
            image, target = image.pin_memory(), target.pin_memory()
        image = image.to(self.device, non_blocking=True)
        image = to_unit(image).contiguous(memory_format=torch.channels_last)
        return Batch(image, target.to(self.device, non_blocking=True))

    def resize(self, batch: int) -> None:
        """Go on with another batch size."""
        self._cancel()
        self.size = batch

    def close(self) -> None:
        """Stop the threads; waits for crops that are being made."""
        self._cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _slots(self) -> range:
        return range(self.first_slot, self.first_slot + self.size)

    def _order(self, step: int) -> None:
        for ahead in range(step, step + PREFETCH):
            for slot in self._slots():
                if (ahead, slot) not in self._made:
                    self._made[ahead, slot] = self._pool.submit(self.crops.draw, ahead, slot, self.size)

    def _cancel(self) -> None:
        for future in self._made.values():
            future.cancel()
        self._made.clear()
