"""Temperature scaling: one divisor of the logits that makes confidences honest (Guo et al. 2017)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from trainer.labels.values import IGNORE

PIXELS = 10_000
"""Sampled in all: enough for one parameter, and fitted in a moment."""
BOUNDS = (0.05, 20.0)


class PixelSample:
    """Log-probabilities of pixels whose truth is known, taken while photos are validated anyway.

    Parameters
    ----------
    photos
        How many photos will be seen; each gives an equal part of the PIXELS.
    """

    def __init__(self, photos: int, seed: int = 0) -> None:
        self.per_photo = max(20, min(2_000, PIXELS // max(1, photos)))
        self._rng = np.random.default_rng(seed)
        self._log_probabilities: list[Tensor] = []
        self._targets: list[Tensor] = []

    def take(self, target: npt.NDArray[np.uint8], probabilities: Tensor, share: float = 1.0) -> None:
        """Take pixels at random from the labelled ones of a photo, or of a band of it.

        Parameters
        ----------
        target
            Class indices and IGNORE, ``(h, W)``.
        probabilities
            ``(K, h, W)``.
        share
            Of the photo's height that this band has.
        """
        labelled = np.flatnonzero(target != IGNORE)
        # An equal part of each photo: drawn over all pixels, a few large photos would decide for all.
        count = min(len(labelled), math.ceil(self.per_photo * share))
        chosen = self._rng.choice(labelled, count, replace=False, shuffle=False)
        pixels = probabilities.flatten(1)[:, torch.from_numpy(chosen).to(probabilities.device)]
        self._log_probabilities.append(pixels.float().clamp_min(1e-8).log().T.cpu())
        self._targets.append(torch.from_numpy(target.reshape(-1)[chosen].astype(np.int64)))

    def temperature(self) -> float:
        """Fit a temperature to the pixels taken; 1 without any."""
        if not self._targets:
            return 1.0
        return fit_temperature(torch.cat(self._log_probabilities), torch.cat(self._targets))


@torch.enable_grad()
def fit_temperature(logits_NK: Tensor, target_N: Tensor) -> float:
    """Fit the T > 0 at which softmax(logits / T) has the least cross-entropy, by LBFGS on log T.

    Parameters
    ----------
    logits_NK
        Logits or log-probabilities; they differ by a constant per pixel, which softmax does not see.
    target_N
        Class indices, int64.

    Returns
    -------
    float
        Within BOUNDS; 1 where there is nothing to fit. Above 1 the model was too sure of itself.
    """
    if not len(target_N):
        return 1.0
    logits = logits_NK.detach().float()
    # On a log scale the temperature stays above 0 without a constraint, and 1/2 is as far from 1 as 2 is.
    log_t = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([log_t], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(logits / log_t.exp(), target_N)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    value = math.exp(log_t.item()) if math.isfinite(log_t.item()) else 1.0
    return min(max(value, BOUNDS[0]), BOUNDS[1])
