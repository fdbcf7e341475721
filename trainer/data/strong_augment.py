"""Strong views of unlabelled crops, made on the device for a whole batch: colours, gray, blur and CutMix.

Nothing moves but CutMix's rectangles, so that what a teacher says of a weak view stays true pixel by pixel.
All draws come from a generator that is passed in: a view depends on its seed alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

LUMA = (0.299, 0.587, 0.114)
BLUR_RADIUS = 4
BLUR_SIGMA = (0.3, 1.5)
CUT_AREA = (0.05, 0.4)
CUT_ASPECT = (0.3, 1 / 0.3)


@dataclass(frozen=True)
class ViewStrength:
    """Strength of the change of colours, and shares of the crops that the rest happens to."""

    jitter: float = 0.5
    gray: float = 0.2
    blur: float = 0.5
    cutmix: float = 0.5


def strong_view(image: Tensor, strength: ViewStrength, rng: np.random.Generator) -> Tensor:
    """Change the colours of each picture, blur some, take the colours from some.

    Parameters
    ----------
    image
        ``(N, 3, H, W)`` in [-1, 1].

    Returns
    -------
    Tensor
        The same shape and range.
    """
    count = len(image)
    factors = 1 + strength.jitter * rng.uniform(-1, 1, (3, count))
    bright, contrast, saturation = (_per_photo(row, image) for row in factors)
    view = ((image + 1) / 2 * bright).clamp(0, 1)
    view = torch.lerp(_luma(view).mean((2, 3), keepdim=True), view, contrast).clamp(0, 1)
    saturation = torch.where(_per_photo(rng.random(count) < strength.gray, image) > 0, 0.0, saturation)
    view = torch.lerp(_luma(view), view, saturation).clamp(0, 1)
    blurred = _per_photo(rng.random(count) < strength.blur, image)
    sigma = rng.uniform(*BLUR_SIGMA)
    if strength.blur > 0:
        view = torch.lerp(view, gaussian_blur(view, sigma), blurred)
    return view * 2 - 1


def gaussian_blur(image: Tensor, sigma: float) -> Tensor:
    """Separable Gaussian blur of ``(N, C, H, W)`` with mirrored borders."""
    radius = min(BLUR_RADIUS, min(image.shape[-2:]) - 1)
    reach = torch.arange(-radius, radius + 1, device=image.device, dtype=image.dtype)
    kernel = torch.exp(-0.5 * (reach / sigma) ** 2)
    kernel = (kernel / kernel.sum()).expand(image.shape[1], 1, -1)
    padded = F.pad(image, (radius,) * 4, mode="reflect")
    rows = F.conv2d(padded, kernel.unsqueeze(-1), groups=image.shape[1])
    return F.conv2d(rows, kernel.unsqueeze(-2), groups=image.shape[1])


def cut_boxes(count: int, height: int, width: int, share: float, rng: np.random.Generator) -> Tensor:
    """Mask ``(N, H, W)`` bool, True in one rectangle of 5 to 40 % of the area in a share of the pictures."""
    mask = torch.zeros(count, height, width, dtype=torch.bool)
    for one in mask:
        wanted, area = rng.random() < share, rng.uniform(*CUT_AREA) * height * width
        aspect, corner = np.exp(rng.uniform(*np.log(CUT_ASPECT))), rng.random(2)
        rows = min(height, max(1, round(float(np.sqrt(area * aspect)))))
        columns = min(width, max(1, round(float(np.sqrt(area / aspect)))))
        top, left = round(corner[0] * (height - rows)), round(corner[1] * (width - columns))
        if wanted:
            one[top : top + rows, left : left + columns] = True
    return mask


def paste(mine: Tensor, mask: Tensor) -> Tensor:
    """Take the pixels under each picture's mask from the picture before it in the batch (CutMix).

    Parameters
    ----------
    mine
        ``(N, H, W)`` or ``(N, C, H, W)``.
    mask
        ``(N, H, W)`` bool.
    """
    where = mask if mine.ndim == 3 else mask.unsqueeze(1)
    return torch.where(where, mine.roll(1, 0), mine)


def _per_photo(values: npt.NDArray[np.float64 | np.bool_], like: Tensor) -> Tensor:
    return torch.as_tensor(values, dtype=like.dtype).to(like.device).view(-1, 1, 1, 1)


def _luma(image: Tensor) -> Tensor:
    weights = torch.tensor(LUMA, device=image.device, dtype=image.dtype).view(1, 3, 1, 1)
    return (image * weights).sum(1, keepdim=True)
