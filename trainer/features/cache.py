"""Features of photos on disk, so that a frozen backbone sees each photo once.

A file holds all stages of one photo in half precision, in the format and under the limits of
`DecodedCache`: bounded in bytes, and it may be deleted at any time.
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.data.augment import to_unit
from trainer.data.photo_cache import DecodedCache

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.networks.probe import ProbeSegmenter
    from trainer.project.project import Project

MULTIPLE = 32
"""Photos are filled up with white to multiples of this, as at prediction."""

LARGEST = 6e4
"""Values are cut off here, below what half precision can hold."""

Bytes = npt.NDArray[np.uint8]
Stages = list[Tensor]
"""Feature stages ``(C, h, w)`` of one photo, finest first, float16 on the CPU."""


class FeatureExtractor:
    """Feature stages of photos by one backbone, through a cache on disk.

    Parameters
    ----------
    segmenter
        Its backbone is used, on the device it is on.
    cache
        Files are keyed by the pixels' hash and the backbone's digest, so that features of a photo that was
        replaced, of another backbone, or of its weights before, are never mixed in.
    """

    def __init__(self, segmenter: ProbeSegmenter, cache: DecodedCache | None = None) -> None:
        self._segmenter = segmenter
        self.cache = cache or DecodedCache(None, 0)
        self.digest = segmenter.network.encoder.digest()[:16]

    def stages(self, photo: Bytes) -> Stages:
        """Features of a photo ``(h, w, 3)`` uint8 at working size."""
        key = f"f-{pixels_key(photo)}-{self.digest}"
        return unpack(self.cache.get(key, lambda: pack(compute_stages(self._segmenter, photo))))


def pixels_key(photo: Bytes) -> str:
    """Name a photo by its pixels: the first half of their SHA-256, and their size."""
    digest = hashlib.sha256(np.ascontiguousarray(photo).data).hexdigest()[:32]
    return f"{digest}-{photo.shape[0]}x{photo.shape[1]}"


@torch.inference_mode()
def compute_stages(segmenter: ProbeSegmenter, photo: Bytes) -> Stages:
    """Run the backbone on one photo ``(h, w, 3)``."""
    height, width = photo.shape[:2]
    padded = np.pad(photo, ((0, -height % MULTIPLE), (0, -width % MULTIPLE), (0, 0)), constant_values=255)
    image = torch.from_numpy(np.ascontiguousarray(padded)).movedim(-1, 0)[None].to(segmenter.mean.device)
    found = segmenter.network.encoder((to_unit(image) - segmenter.mean) / segmenter.std)
    return [stage[0].clamp(-LARGEST, LARGEST).half().cpu() for stage in found]


def pack(stages: Sequence[Tensor]) -> Bytes:
    """Stages as one array of bytes: their number, their shapes, their values."""
    header = np.array([len(stages), *(side for stage in stages for side in stage.shape)], np.int32)
    values = [stage.contiguous().numpy().reshape(-1).view(np.uint8) for stage in stages]
    return np.concatenate([header.view(np.uint8), *values])


def unpack(packed: Bytes) -> Stages:
    """Stages from what `pack` returned."""
    count = int(packed[:4].view(np.int32)[0])
    start = 4 + 12 * count
    shapes = packed[4:start].view(np.int32).reshape(count, 3)
    stages = []
    for shape in shapes:
        end = start + 2 * int(shape.prod())
        values = np.array(packed[start:end]).view(np.float16)  # a copy: aligned, and not the mapped file
        stages.append(torch.from_numpy(values.reshape(tuple(int(side) for side in shape))))
        start = end
    return stages


def feature_cache(project: Project, limit: int | None = None) -> DecodedCache:
    """Cache in the project's folder, one for all of a process; it keeps nothing if nothing may be written.

    Parameters
    ----------
    limit
        In bytes; None: that of the project's settings.
    """
    limit = project.settings.probe.cache_bytes if limit is None else limit
    if project.read_only:
        return DecodedCache(None, limit)
    return _cache_in(project.path / "cache" / "features", limit)


@functools.lru_cache(maxsize=4)
def _cache_in(folder: Path, limit: int) -> DecodedCache:
    return DecodedCache(folder, limit)
