"""Labelled pixels of a project's photos, from the cache where they are in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from trainer.features.bank import LabelledPixels, draw_pixels
from trainer.features.cache import FeatureExtractor, pack, pixels_key, unpack

if TYPE_CHECKING:
    from trainer.data.photo_cache import Bytes
    from trainer.data.trainset import TrainSet


def photo_pixels(
    extractor: FeatureExtractor, train: TrainSet, index: int, per_class: int, mirrored: bool = False
) -> LabelledPixels:
    """Labelled pixels of one photo of a round.

    An entry of the cache is keyed by the mask's revision, the photo's pixels and the backbone, so that
    neither a corrected mask nor another backbone meets what was drawn before.

    Raises
    ------
    SkinsegError
        The photo or its mask cannot be read.
    """
    item = train.items[index]
    photo, target = train.pair(index)
    name = f"{item.revision_id}{'-m' if mirrored else ''}"
    if mirrored:
        photo, target = photo[:, ::-1], target[:, ::-1]
    key = f"b-{name}-{pixels_key(photo)}-{extractor.digest}-{per_class}"

    def make() -> Bytes:
        drawn = draw_pixels(extractor.stages(photo), target, per_class, name)
        numbers = torch.from_numpy(drawn.target.astype(np.float16))
        return pack([drawn.own[None], drawn.shared[None, None], numbers[None, None]])

    own, shared, numbers = unpack(extractor.cache.get(key, make))
    return LabelledPixels(own[0], shared[0, 0], numbers[0, 0].numpy().astype(np.uint8))
