"""Sample of a validation: pixels and small maps, taken while the photos are looked at anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from trainer.evaluation.scores.temperature import PixelSample
from trainer.inference.edges import sharpened
from trainer.labels.truth import to_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

SIDE = 200
"""Long side of a kept map, about: a photo takes a third of a megabyte with nine classes."""
MOST = 8
"""Photos of which a map is kept."""


class ValidationSample:
    """What a temperature is fitted to, and what the worth of suggestions is measured on.

    Parameters
    ----------
    photos
        How many photos will be seen.
    """

    def __init__(self, photos: int, seed: int = 0) -> None:
        self._pixels = PixelSample(photos, seed)
        self._maps: list[tuple[list[Tensor], NDArray[np.uint8]]] = []
        self._target: NDArray[np.uint8] | None = None
        self._step = 1

    def begin(self, target: NDArray[np.uint8]) -> None:
        """Begin a photo: class indices and IGNORE, uint8 ``(h, W)``."""
        self._target, self._step = target, max(1, round(max(target.shape) / SIDE))
        if len(self._maps) <= MOST:
            self._maps.append(([], target[:: self._step, :: self._step]))

    def take(self, top: int, probabilities: Tensor) -> None:
        """Take a band ``(K, rows, W)`` of the photo begun last; `top` is its first row."""
        assert self._target is not None
        rows = self._target[top : top + probabilities.shape[1]]
        self._pixels.take(rows, probabilities, share=len(rows) / len(self._target))
        if len(self._maps) <= MOST:
            thin = probabilities[:, -top % self._step :: self._step, :: self._step]
            self._maps[-1][0].append(thin.half().cpu())

    def temperature(self) -> float:
        """Fit a temperature to the pixels taken; 1 without any."""
        return self._pixels.temperature()

    def maps(
        self, temperature: float
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]]:
        """Yield labels, confidence (255 = certain) and true labels of the first photos, uint8 ``(h, w)``.

        Parameters
        ----------
        temperature
            Divisor of the logits.
        """
        for bands, target in self._maps[:MOST]:
            maps = torch.cat(bands, dim=1).float()
            best, index = sharpened(maps, temperature, len(maps)).max(dim=0)
            confidence = (255 * best).round().clamp(0, 255).to(torch.uint8).numpy()
            yield to_labels(index.to(torch.uint8).numpy()), confidence, to_labels(target)
