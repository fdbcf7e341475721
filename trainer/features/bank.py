"""Labelled pixels with their features: what the heads of a probe learn from.

A photo gives a bounded number of pixels of each class, drawn once for each revision of its mask: a corrected
mask is another revision, one taken back has no entry any more. Entries lie in the cache beside the features.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.data.loader import Batch
from trainer.labels.values import IGNORE
from trainer.networks.backbone import FINEST
from trainer.networks.probe import gather, join

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trainer.data.photo_cache import Bytes
    from trainer.features.cache import Stages


@dataclass(frozen=True)
class LabelledPixels:
    """Labelled pixels of one photo, in random order within each class."""

    own: Tensor
    """``(n, E)`` float16: features that differ between pixels, see `gather`."""
    shared: Tensor
    """``(C,)`` float16: features that all of them share."""
    target: npt.NDArray[np.uint8]
    """``(n,)`` class indices."""

    def at_most(self, per_class: int) -> LabelledPixels:
        """Keep the first pixels of each class."""
        keep = rank_in_class(self.target) < per_class
        if keep.all():
            return self
        return LabelledPixels(self.own[torch.from_numpy(keep)], self.shared, self.target[keep])


def rank_in_class(target: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    """Count the earlier pixels of the same class, for each pixel."""
    rank = np.empty(len(target), np.intp)
    for value in np.unique(target):
        places = np.flatnonzero(target == value)
        rank[places] = np.arange(len(places))
    return rank


def draw_pixels(stages: Stages, target: Bytes, per_class: int, seed: str) -> LabelledPixels:
    """Draw labelled pixels of a photo, the same for the same seed.

    Parameters
    ----------
    stages
        Of the photo filled up to a multiple of 32.
    target
        ``(h, w)`` class indices and IGNORE, of the photo itself.
    per_class
        At most so many pixels of a class.
    seed
        Any text, as the id of the revision.
    """
    width = stages[0].shape[-1]
    rows, columns = (np.arange(0, side, FINEST) for side in target.shape)
    middle = [
        np.minimum(c + FINEST // 2, side - 1) for c, side in zip((rows, columns), target.shape, strict=True)
    ]
    cells = target[middle[0][:, None], middle[1]]
    random = np.random.default_rng(list(hashlib.sha256(seed.encode()).digest()[:8]))
    order = random.permutation(cells.size)
    flat = cells.reshape(-1)[order]
    keep = (flat != IGNORE) & (rank_in_class(flat) < per_class)
    row, column = np.divmod(order[keep], len(columns))
    own, shared = gather(stages, torch.from_numpy(row * width + column))
    return LabelledPixels(own.half(), shared.half(), flat[keep])


class PixelBank:
    """Labelled pixels of many photos.

    Parameters
    ----------
    most
        At most about so many pixels in all; where there are more, each class of each photo gives fewer.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._entries: dict[str, LabelledPixels] = {}

    def __len__(self) -> int:
        """Count the entries."""
        return len(self._entries)

    def keep(self, revisions: Iterable[str]) -> None:
        """Forget the entries of all other revisions: masks corrected or taken back."""
        kept = set(revisions)
        self._entries = {name: entry for name, entry in self._entries.items() if name in kept}

    def add(self, revision: str, pixels: LabelledPixels) -> None:
        """Take the pixels of one revision; those of a mirrored photo are an entry of their own."""
        if len(pixels.target):
            self._entries[revision] = pixels

    def __contains__(self, revision: str) -> bool:
        """Whether the pixels of a revision are there."""
        return revision in self._entries

    def entries(self) -> list[LabelledPixels]:
        """All entries, each class cut to a length with which the bank holds about `most` pixels."""
        found = list(self._entries.values())
        counts = np.concatenate([np.bincount(entry.target) for entry in found]) if found else np.zeros(1, int)
        if counts.sum() <= self.most:
            return found
        low, high = 1, int(counts.max())
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if np.minimum(counts, middle).sum() <= self.most else (low, middle - 1)
        return [entry.at_most(low) for entry in found]


@dataclass(frozen=True)
class PixelBatch(Batch):
    """Pixels on the device: ``image`` (B, D) float32 features, ``target`` (B,) int64 class indices."""

    weight: Tensor
    """``(B, M)``: what each pixel counts for each head."""


class PixelBatches:
    """Batches of pixels out of a bank; one is a function of (seed, step) and of nothing else.

    Classes are drawn with the square root of their rarity. Each head sees the photos with weights of its
    own, drawn from an exponential distribution: the Bayesian bootstrap (Rubin 1981, "The Bayesian
    bootstrap"), in which no photo is left out, however few there are.

    Parameters
    ----------
    entries
        Of one bank, not empty.
    batch
        Pixels in a batch.
    heads
        Number of heads.
    device
        Where batches go.
    """

    def __init__(
        self, entries: list[LabelledPixels], batch: int, heads: int, seed: int, device: torch.device
    ) -> None:
        self.size, self._seed, self._device = batch, seed, device
        self._own = torch.cat([entry.own for entry in entries])
        self._shared = torch.stack([entry.shared for entry in entries])
        self._target = np.concatenate([entry.target for entry in entries])
        self._photo = np.repeat(np.arange(len(entries)), [len(entry.target) for entry in entries])
        self._by_class = [np.flatnonzero(self._target == value) for value in np.unique(self._target)]
        rarity = np.array([len(places) for places in self._by_class], float) ** 0.5
        self._share = rarity / rarity.sum()
        weight = np.random.default_rng([seed, 1]).exponential(1.0, (len(entries), heads))
        self._weight = torch.from_numpy(weight / weight.mean(axis=0)).float()

    def batch(self, step: int) -> PixelBatch:
        """Return the batch of one step."""
        random = np.random.default_rng([self._seed, step])
        counts = random.multinomial(self.size, self._share)
        chosen = np.concatenate(
            [random.choice(places, n) for places, n in zip(self._by_class, counts, strict=True)]
        )
        photos = torch.from_numpy(self._photo[chosen])
        features = self._features(torch.from_numpy(chosen), photos)
        target = torch.from_numpy(self._target[chosen].astype(np.int64))
        weight = self._weight[photos]
        return PixelBatch(*(t.to(self._device) for t in (features, target, weight)))

    def statistics(self, most: int = 20_000) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each feature, ``(D,)``, over at most so many pixels."""
        step = max(1, len(self._target) // most)
        chosen = np.arange(0, len(self._target), step)
        features = self._features(torch.from_numpy(chosen), torch.from_numpy(self._photo[chosen]))
        return features.mean(dim=0), features.std(dim=0, unbiased=False)

    def resize(self, batch: int) -> None:
        """Go on with another batch size."""
        self.size = batch

    def close(self) -> None:
        """Nothing runs in the background."""

    def _features(self, chosen: Tensor, photos: Tensor) -> Tensor:
        return join(self._own[chosen].float(), self._shared[photos].float())
