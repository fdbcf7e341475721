"""The labelled photos a round learns from."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.errors import SkinsegError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.data.photo_cache import Bytes, WorkingPhotos


@dataclass(frozen=True)
class Item:
    """One labelled photo: the revision of its mask that is truth for this round."""

    photo_id: int
    revision_id: str
    group: str


def keep_fraction(items: Sequence[Item], fraction: float | None, draw: int = 0) -> list[Item]:
    """Keep about this share of the groups; a smaller share is part of a larger one of the same ``draw``."""
    if fraction is None or fraction >= 1:
        return list(items)
    salt = f"{draw}:" if draw else ""
    groups = sorted(
        {item.group for item in items}, key=lambda g: hashlib.sha256(f"{salt}{g}".encode()).digest()
    )
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
    part
        So many of several processes, and which of them this one is: it counts its part, see :meth:`merge`.
    """

    def __init__(
        self,
        photos: WorkingPhotos,
        items: Sequence[Item],
        classes: int,
        newest: int = 0,
        tick: Callable[[int], None] | None = None,
        part: tuple[int, int] = (1, 0),
    ) -> None:
        self.photos, self.items, self.newest = photos, list(items), newest
        self.counts = np.zeros((len(self.items), classes), np.int64)
        self.dropped: dict[int, str] = {}
        self._lock = threading.Lock()
        world, rank = part
        for index in range(rank, len(self.items), world):
            if tick is not None:
                tick(index)
            try:
                _, target = self.pair(index)
            except SkinsegError as error:
                self.drop(index, error)
                continue
            self.counts[index] = np.bincount(target.ravel(), minlength=256)[:classes]

    def merge(self, parts: Sequence[tuple[npt.NDArray[np.int64], dict[int, str]]]) -> None:
        """Take over what each process has counted, this one included, and could not read."""
        self.counts = np.sum([counts for counts, _ in parts], axis=0)
        for _, dropped in parts:
            self.dropped |= dropped

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
        """Return indices of items with at least one labelled pixel."""
        indices = np.flatnonzero(self.counts.sum(1))
        if newest_only:
            fresh = indices[indices < self.newest]
            return fresh if len(fresh) else indices
        return indices
