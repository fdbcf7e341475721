"""Calibration of confidences: reliability bins and expected calibration error (is 80 % sure 80 % right?)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.evaluation.metrics import Counts, Floats, ratio

LEVELS = 256
"""Confidences are kept as bytes, 255 = certain."""
BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Bins of equal width in confidence, each ``(B,)``."""

    confidence: Floats
    """Mean confidence of the pixels in the bin; NaN without any."""
    accuracy: Floats
    """Share of them that is right."""
    share: Floats
    """Share of all pixels that lies in the bin."""

    @property
    def ece(self) -> float:
        """Expected calibration error: the mean of |accuracy − confidence| over pixels (Guo et al. 2017)."""
        gaps = np.abs(self.accuracy - self.confidence)
        return float(np.nansum(self.share * gaps)) if np.nansum(self.share) else float("nan")

    @property
    def overconfident(self) -> float:
        """Mean confidence minus accuracy over all pixels; above 0 the model believes too much in itself."""
        return float(np.nansum(self.share * (self.confidence - self.accuracy)))


def confidence_counts(confidence: npt.NDArray[np.uint8], right: npt.NDArray[np.bool_]) -> Counts:
    """Pixels, and right pixels, at each confidence: ``(2, 256)`` int64.

    Parameters
    ----------
    confidence
        Probability of the predicted class, 255 = certain, of the labelled pixels only.
    right
        Where the predicted class is the true one, same shape.
    """
    return np.stack(
        [np.bincount(confidence, minlength=LEVELS), np.bincount(confidence[right], minlength=LEVELS)]
    ).astype(np.int64)


def reliability(counts: Counts, bins: int = BINS) -> Reliability:
    """Bin counts ``(2, 256)`` by confidence."""
    pixels, right, sums = (_binned(values, bins) for values in _with_sums(counts))
    return Reliability(
        confidence=ratio(sums, pixels),
        accuracy=ratio(right, pixels),
        share=ratio(pixels, pixels.sum(-1, keepdims=True)),
    )


def expected_error(counts: Counts, bins: int = BINS) -> Floats:
    """Compute the expected calibration error of many counts ``(..., 2, 256)`` at once."""
    pixels, right, sums = (_binned(values, bins) for values in _with_sums(counts))
    # |accuracy - confidence| weighted with the share of pixels: the bin's own count cancels.
    return np.asarray(ratio(np.abs(right - sums).sum(-1), pixels.sum(-1)))


def _with_sums(counts: Counts) -> tuple[Floats, Floats, Floats]:
    """Pixels, right pixels and summed confidence at each level, ``(..., 256)``."""
    # Every pixel of a level has the same confidence: counts alone give the sums, without any pixel kept.
    pixels = counts[..., 0, :].astype(np.float64)
    return pixels, counts[..., 1, :].astype(np.float64), pixels * (np.arange(LEVELS) / (LEVELS - 1))


def _binned(values: Floats, bins: int) -> Floats:
    # A bin is a run of levels, so that one reduction adds up all bins of all samples; certain pixels (level
    # 255) belong to the last bin, not to one of their own.
    of_level = np.minimum(np.arange(LEVELS) * bins // (LEVELS - 1), bins - 1)
    starts = np.searchsorted(of_level, np.arange(bins))
    return np.asarray(np.add.reduceat(values, starts, axis=-1))
