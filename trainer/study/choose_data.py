"""Features of a project's labelled photos in a form small enough to simulate hundreds of trainings.

A pixel's features are brought to a few numbers by a principal-component analysis of the photos that may be
chosen, without their labels. A photo becomes a grid of pixels, by which it is scored and the model measured,
and the labelled pixels that a probe learns from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.acquisition.duplicates import alike, picture_hash
from trainer.errors import ProjectError, SkinsegError
from trainer.features.bank import LabelledPixels, draw_pixels
from trainer.features.pooled import pooled_features
from trainer.labels.values import IGNORE
from trainer.networks.backbone import FINEST
from trainer.networks.probe import gather, join

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.data.photo_cache import Bytes, WorkingPhotos
    from trainer.features.cache import FeatureExtractor, Stages
    from trainer.project.revisions import Truth

GRID = 12
"""Pixels a side by which a photo that may be chosen is scored."""
FINE = 28
"""Pixels a side by which the model is measured on a validation photo."""
PER_CLASS = 100
"""Labelled pixels of a class that a photo gives."""
DIMENSIONS = 128
"""Numbers that are kept of a pixel's features."""


@dataclass(frozen=True)
class Reduction:
    """Linear map from a pixel's features to a few numbers."""

    shift_D: Tensor
    basis_DE: Tensor

    def __call__(self, features_BD: Tensor) -> Tensor:
        """Map features ``(B, D)`` to ``(B, E)``."""
        return (features_BD - self.shift_D) @ self.basis_DE

    @classmethod
    def of(cls, features_BD: Tensor, dimensions: int = DIMENSIONS) -> Reduction:
        """Find the directions of the largest variance of standardised features, all where there are few."""
        mean, std = features_BD.mean(dim=0), features_BD.std(dim=0, unbiased=False).clamp_min(1e-3)
        flat = (features_BD - mean) / std
        values, vectors = torch.linalg.eigh(flat.T @ flat / len(flat))
        kept = vectors[:, values.argsort(descending=True)[:dimensions]]
        spread = values.clamp_min(0).sum().div(kept.shape[1]).sqrt().clamp_min(1e-3)
        return cls(mean, kept / (std[:, None] * spread))


@dataclass(frozen=True)
class ChooseData:
    """Photos that may be chosen, and those that measure.

    Attributes
    ----------
    pool, judges
        Truth of the photos that may be chosen and of the validation photos.
    features
        ``(N, F)`` float32, one vector for each photo that may be chosen.
    bursts
        ``(N,)`` int64.
    grid
        ``(N, GRID², E)`` float32.
    pixels
        Labelled pixels of each photo that may be chosen, reduced.
    judge_grid, judge_target
        ``(P, FINE², E)`` float32 and ``(P, FINE²)`` uint8.
    reduction
        Made the numbers from the features of the backbone.
    """

    pool: tuple[Truth, ...]
    judges: tuple[Truth, ...]
    features: npt.NDArray[np.float32]
    bursts: npt.NDArray[np.int64]
    grid: Tensor
    pixels: tuple[LabelledPixels, ...]
    judge_grid: Tensor
    judge_target: npt.NDArray[np.uint8]
    reduction: Reduction


def grid_cells(height: int, width: int, side: int) -> npt.NDArray[np.int64]:
    """Rows and columns of ``side²`` pixels spread evenly over a photo, ``(2, side²)``."""
    rows, columns = (((np.arange(side) + 0.5) * (size / side)).astype(np.int64) for size in (height, width))
    return np.stack(np.meshgrid(rows, columns, indexing="ij")).reshape(2, -1)


def grid_features(stages: Stages, shape: Sequence[int], side: int) -> Tensor:
    """Features ``(side², D)`` of pixels spread evenly over a photo ``(height, width)`` at working size."""
    rows, columns = grid_cells(shape[0], shape[1], side) // FINEST
    own, shared = gather(stages, torch.from_numpy(rows * stages[0].shape[-1] + columns))
    return join(own, shared.expand(len(own), -1))


def read_data(
    photos: WorkingPhotos,
    extractor: FeatureExtractor,
    pool: Sequence[Truth],
    judges: Sequence[Truth],
    report: Callable[[int, int], None] = lambda done, total: None,
) -> ChooseData:
    """Read the photos, their features and their masks; those that cannot be read are left out.

    Raises
    ------
    ProjectError
        None can be read.
    """
    total = 2 * len(pool) + len(judges)
    kept, coarse, vectors, hashes = [], [], [], []
    for index, truth in enumerate(pool):
        report(index, total)
        try:
            photo, _ = _pair(photos, truth)
        except SkinsegError:
            continue
        stages = extractor.stages(photo)
        kept.append(truth)
        coarse.append(grid_features(stages, photo.shape, GRID).half())
        vectors.append(pooled_features(stages))
        hashes.append(picture_hash(photo))
    if not kept:
        raise ProjectError(f"{photos.project.path}: no labelled training photo can be read")
    reduction = Reduction.of(torch.cat(coarse)[:: max(1, len(coarse) * GRID**2 // 60_000)].float())
    pixels = []
    for index, truth in enumerate(kept):
        report(len(pool) + index, total)
        photo, target = _pair(photos, truth)
        drawn = draw_pixels(extractor.stages(photo), target, PER_CLASS, truth.revision_id)
        pixels.append(_reduced(drawn, reduction))
    fine, targets, seen = [], [], []
    for index, truth in enumerate(judges):
        report(2 * len(pool) + index, total)
        try:
            photo, target = _pair(photos, truth)
        except SkinsegError:
            continue
        rows, columns = grid_cells(target.shape[0], target.shape[1], FINE)
        fine.append(reduction(grid_features(extractor.stages(photo), photo.shape, FINE)))
        targets.append(target[rows, columns])
        seen.append(truth)
    if not seen:
        raise ProjectError(f"{photos.project.path}: no labelled validation photo can be read")
    return ChooseData(
        tuple(kept),
        tuple(seen),
        np.stack(vectors),
        alike(range(len(kept)), dict(enumerate(hashes)), dict(enumerate(vectors))),
        torch.stack([reduction(grid.float()) for grid in coarse]),
        tuple(pixels),
        torch.stack(fine),
        np.stack(targets),
        reduction,
    )


def _pair(photos: WorkingPhotos, truth: Truth) -> tuple[Bytes, Bytes]:
    photo = photos.photo(truth.photo_id)
    target = photos.target(truth.photo_id, truth.revision_id, photo.shape[:2])
    if not (target != IGNORE).any():
        raise SkinsegError(f"photo {truth.photo_id} has no labelled pixel")
    return photo, target


def _reduced(drawn: LabelledPixels, reduction: Reduction) -> LabelledPixels:
    """Pixels whose features are all their own, with none to share."""
    whole = join(drawn.own.float(), drawn.shared.float().expand(len(drawn.own), -1))
    return LabelledPixels(reduction(whole).half(), torch.zeros(0, dtype=torch.float16), drawn.target)
