"""Cheap image-space noise: small random grids, enlarged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

Floats = NDArray[np.float32]


def smooth_noise(
    rng: np.random.Generator, shape: tuple[int, int], cell: float | tuple[float, float]
) -> Floats:
    """Noise with bumps of about `cell` pixels (rows, columns); float32, mean 0, std about 0.6."""
    rows, columns = (cell, cell) if isinstance(cell, int | float) else cell
    grid = (
        max(2, int(np.ceil(shape[0] / max(rows, 1.0))) + 1),
        max(2, int(np.ceil(shape[1] / max(columns, 1.0))) + 1),
    )
    values = rng.standard_normal(grid, dtype=np.float32)
    if grid[0] >= shape[0] and grid[1] >= shape[1]:
        return np.asarray(values[: shape[0], : shape[1]], np.float32)
    picture = Image.fromarray(values).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(picture, dtype=np.float32)


def clouds(rng: np.random.Generator, shape: tuple[int, int], cell: float, octaves: int = 3) -> Floats:
    """Sum of `octaves` of smooth noise, each half as large and 0.55 times as strong as the one before."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        total += smooth_noise(rng, shape, cell / 2**octave) * np.float32(0.55**octave)
    return total


def linear_from_srgb(colour: tuple[float, float, float]) -> Floats:
    """Linear light of an sRGB colour given as three numbers 0..255."""
    value = np.asarray(colour, np.float32) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def linear_from_lab(lightness: float, a: float, b: float) -> Floats:
    """Linear sRGB of a CIE L*a*b* colour (D65), clipped to the gamut."""
    fy = (lightness + 16) / 116
    f = np.array([fy + a / 500, fy, fy - b / 200])
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * [0.9505, 1.0, 1.089]
    matrix = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.204, 1.057]])
    return np.asarray(np.clip(matrix @ xyz, 0.004, 1), np.float32)


def srgb_from_linear(linear: Floats) -> Floats:
    """Encode linear light as sRGB 0..1, through a table (fast; 12 bits)."""
    index = np.clip(linear * 4095 + 0.5, 0, 4095).astype(np.uint16)
    return np.asarray(_GAMMA[index], np.float32)


_STEPS = np.linspace(0, 1, 4096)
_GAMMA = np.where(_STEPS <= 0.0031308, 12.92 * _STEPS, 1.055 * _STEPS ** (1 / 2.4) - 0.055).astype(np.float32)


def soften(image: Floats, sigma: float) -> Floats:
    """Gaussian blur of a 2-D picture with `sigma` in pixels; wide ones on a reduced copy."""
    if sigma < 0.3:
        return image
    step = int(max(1, sigma // 2.5))
    if step == 1:
        return np.asarray(gaussian_filter(image, sigma, mode="nearest", truncate=3.0), np.float32)
    size = (image.shape[1], image.shape[0])
    small = Image.fromarray(image).resize(
        (max(size[0] // step, 2), max(size[1] // step, 2)), Image.Resampling.BOX
    )
    blurred = gaussian_filter(np.asarray(small), sigma / step, mode="nearest", truncate=3.0)
    return np.asarray(Image.fromarray(blurred).resize(size, Image.Resampling.BICUBIC), np.float32)
