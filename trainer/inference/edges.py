"""Edge refinement: class probabilities that follow the edges of the photo.

The colour guided filter (He, Sun and Tang 2010, "Guided image filtering", equations 14 to 19): around every
pixel the probabilities p are explained as a linear function a I + b of the photo's colours I, and the photo
with those coefficients, averaged over all windows that hold the pixel, takes the place of p. Where a photo is
larger than the network saw it, coefficients are made at the network's size and applied to the large photo
(He and Sun 2015, "Fast guided filter"), so that its own edges count. All of it runs on the processor.

Shape suffixes: K classes, C colours (and last the constant b), H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor

RADIUS = 16
"""Half side of a window, in pixels of a photo whose long side is REFERENCE; others in proportion. Measured in
docs/experiments.md."""
REFERENCE = 384
EPSILON = 1e-3
"""Variance of colours in [0, 1] below which a window counts as flat."""
ABSENT = 0.01
"""Classes that nowhere in a band are more probable than this are left as they are."""

Bytes = npt.NDArray[np.uint8]
Bands = Iterable[tuple[int, Tensor]]


def radius_for(height: int, width: int) -> int:
    """Half side of the windows on a photo of this size."""
    return max(1, round(RADIUS * max(height, width) / REFERENCE))


def coefficient_bands(bands: Bands, photo: Bytes, refined: int) -> Iterator[tuple[int, Tensor]]:
    """Coefficients of the filter, from bands of probabilities that come from top to bottom.

    Parameters
    ----------
    bands
        ``(top, (K, rows, W))`` without gaps. Only four radii of rows are kept beside the band at work, and
        classes are taken one after another, so that memory does not grow with the photo's height.
    photo
        ``(H, W, 3)`` uint8, the guide.
    refined
        So many of the K maps are filtered; for those behind them ``a = 0`` and ``b = p``.

    Yields
    ------
    int, Tensor
        ``top`` and coefficients ``(K, 4, rows, W)``, float32 on the CPU.
    """
    height, width = photo.shape[:2]
    radius = radius_for(height, width)
    kept, first, done = None, 0, 0  # probabilities at hand, the row they begin in, rows that are answered
    for top, band in bands:
        band = band.float().cpu()
        kept = band if kept is None else torch.cat([kept, band], dim=1)
        known = top + band.shape[1]
        ready = known if known == height else known - 2 * radius
        if ready <= done:
            continue
        guide = _as_colours(photo[first:known])
        found = _coefficients(kept, guide, radius, refined)
        yield done, found[:, :, done - first : ready - first]
        done = ready
        keep_from = max(0, done - 2 * radius)
        kept, first = kept[:, keep_from - first :], keep_from


def refined_bands(bands: Bands, photo: Bytes, refined: int) -> Iterator[tuple[int, Tensor]]:
    """Bands of probabilities ``(top, (K, rows, W))`` filtered along the edges of a photo of the same size."""
    for top, coefficients in coefficient_bands(bands, photo, refined):
        yield top, apply_to(coefficients, photo[top : top + coefficients.shape[2]], refined)


def apply_to(coefficients: Tensor, photo: Bytes, refined: int) -> Tensor:
    """Probabilities ``(K, H, W)`` of a photo, or a band of it, from coefficients ``(K, 4, H, W)``.

    The first `refined` maps are cut off below zero and sum to one.
    """
    colours = _as_colours(photo)
    maps = coefficients[:, 3].clone()
    for channel in range(3):
        maps.addcmul_(coefficients[:, channel], colours[channel])
    share = maps[:refined].clamp_(1e-6, 1.0)
    share.div_(share.sum(dim=0, keepdim=True))
    return maps


def sharpened(maps: Tensor, temperature: float, refined: int) -> Tensor:
    """Divide the logarithms of the first `refined` probabilities by a temperature; in place."""
    if temperature != 1.0:
        share = maps[:refined].clamp_min_(1e-6).pow_(1 / temperature)
        share.div_(share.sum(dim=0, keepdim=True))
    return maps


def _as_colours(photo: Bytes) -> Tensor:
    """Return a photo ``(H, W, 3)`` as ``(3, H, W)`` in [0, 1]."""
    return torch.from_numpy(np.divide(photo, 255, dtype=np.float32)).movedim(-1, 0)


def _coefficients(maps: Tensor, guide: Tensor, radius: int, refined: int) -> Tensor:
    """Averaged a and b, ``(K, 4, H, W)``, of maps ``(K, H, W)`` guided by colours ``(3, H, W)``."""
    mean = box_mean(guide, radius)
    pairs = [(i, j) for i in range(3) for j in range(i, 3)]
    second = box_mean(torch.stack([guide[i] * guide[j] for i, j in pairs]), radius)
    covariance = {p: second[n] - mean[p[0]] * mean[p[1]] for n, p in enumerate(pairs)}
    inverse = _inverse(covariance)
    found = maps.new_zeros(len(maps), 4, *maps.shape[1:])
    found[:, 3] = maps
    for index in range(refined):
        p = maps[index]
        if p.max() < ABSENT:
            continue
        means = box_mean(torch.cat([guide * p, p[None]]), radius)
        with_p = means[:3] - mean * means[3]
        a = torch.stack([sum(inverse[_pair(i, j)] * with_p[j] for j in range(3)) for i in range(3)])  # type: ignore[misc]
        b = means[3] - (a * mean).sum(dim=0)
        found[index] = box_mean(torch.cat([a, b[None]]), radius)
    return found


def _pair(i: int, j: int) -> tuple[int, int]:
    return (i, j) if i <= j else (j, i)


def _inverse(c: dict[tuple[int, int], Tensor]) -> dict[tuple[int, int], Tensor]:
    """Inverse of the symmetric 3 x 3 matrices Sigma + epsilon, by cofactors."""
    xx, yy, zz = (c[i, i] + EPSILON for i in range(3))
    xy, xz, yz = c[0, 1], c[0, 2], c[1, 2]
    cofactors = {
        (0, 0): yy * zz - yz * yz,
        (0, 1): xz * yz - xy * zz,
        (0, 2): xy * yz - xz * yy,
        (1, 1): xx * zz - xz * xz,
        (1, 2): xy * xz - xx * yz,
        (2, 2): xx * yy - xy * xy,
    }
    determinant = xx * cofactors[0, 0] + xy * cofactors[0, 1] + xz * cofactors[0, 2]
    return {place: value / determinant for place, value in cofactors.items()}


def box_mean(maps: Tensor, radius: int) -> Tensor:
    """Mean over squares of side ``2 radius + 1``, clipped at the border, of ``(C, H, W)``.

    SciPy's running sums: their cost does not grow with the radius, as it does with torch's pooling.
    """
    side = 2 * radius + 1
    sums = ndimage.uniform_filter(maps.numpy(), (0, side, side), mode="constant")
    inside = [
        ndimage.uniform_filter1d(np.ones(size, np.float32), side, mode="constant") for size in maps.shape[1:]
    ]
    return torch.from_numpy(sums / np.outer(inside[0], inside[1]).astype(np.float32))
