"""Joint augmentation: one geometric transform for a photo and its labels, colours for the photo only.

The transforms are torchvision's v2 kernels on ``tv_tensors``; their parameters are drawn from a generator
that is passed in, so that a sample depends on its seed alone and not on which thread made it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from trainer.labels.values import IGNORE

if TYPE_CHECKING:
    from trainer.settings.plan import Plan

PHOTO_FILL = 255
"""Outside of the photo is white, and its labels are IGNORE."""


@dataclass(frozen=True)
class Strength:
    """Extent of the augmentation; all zero and ``flip`` False switches it off."""

    flip: bool = True
    vertical_flip: bool = False
    rotate: float = 20.0
    """Largest rotation to either side, degrees."""
    zoom: float = 1.4
    """Largest magnification; the smallest is its inverse."""
    shift: float = 0.0
    """Largest displacement along each side, as a share of the crop's."""
    brightness: float | tuple[float, float] = 0.25
    """Largest change as a share, or the smallest and largest factor."""
    contrast: float = 0.25
    saturation: float = 0.25
    hue: float = 0.0
    """In turns of the colour circle. Off by default: it costs ten times the others, and skin has its hue."""
    blur: float = 0.0
    """Largest standard deviation of a Gaussian blur, pixels."""

    @property
    def moves(self) -> bool:
        """True where rotation or zoom are on; a shift alone needs no interpolation."""
        return self.rotate > 0 or self.zoom > 1

    @classmethod
    def of(cls, plan: Plan) -> Strength:
        """Take the augmentation that a plan asks for."""
        if not plan.augment:
            return NO_AUGMENTATION
        return cls(
            vertical_flip=plan.vertical_flip,
            rotate=plan.rotate,
            zoom=plan.zoom,
            shift=plan.shift,
            blur=plan.blur,
            brightness=plan.colour,
            contrast=plan.colour,
            saturation=plan.colour,
        )


NO_AUGMENTATION = Strength(flip=False, rotate=0.0, zoom=1.0, brightness=0.0, contrast=0.0, saturation=0.0)


def window(
    photo: npt.NDArray[np.uint8], target: npt.NDArray[np.uint8] | None, centre: tuple[int, int], size: int
) -> tuple[tv_tensors.Image, tv_tensors.Mask]:
    """Cut a square around a centre; what lies outside is filled with white and IGNORE.

    Parameters
    ----------
    photo
        ``(H, W, 3)`` uint8.
    target
        ``(H, W)`` uint8 class indices, or None for a photo without labels (all IGNORE).
    centre
        Row and column, anywhere.
    size
        Side of the square in pixels.

    Returns
    -------
    Image, Mask
        ``(3, size, size)`` and ``(1, size, size)``, both uint8.
    """
    height, width = photo.shape[:2]
    top, left = centre[0] - size // 2, centre[1] - size // 2
    r0, r1 = max(0, top), min(height, top + size)
    c0, c1 = max(0, left), min(width, left + size)
    cut = np.full((size, size, 3), PHOTO_FILL, np.uint8)
    labels = np.full((size, size), IGNORE, np.uint8)
    if r0 < r1 and c0 < c1:
        inside = (slice(r0 - top, r1 - top), slice(c0 - left, c1 - left))
        cut[inside] = photo[r0:r1, c0:c1]
        if target is not None:
            labels[inside] = target[r0:r1, c0:c1]
    image = torch.from_numpy(cut).movedim(-1, 0)
    return tv_tensors.Image(image), tv_tensors.Mask(torch.from_numpy(labels)[None])


def augmented_window(
    photo: npt.NDArray[np.uint8],
    target: npt.NDArray[np.uint8] | None,
    centre: tuple[int, int],
    size: int,
    strength: Strength,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """Cut a window and augment photo and labels together.

    A larger window is cut first where needed, so that a rotation shows more of the photo in its corners
    rather than fill.

    Returns
    -------
    Tensor, Tensor
        ``(3, size, size)`` uint8 and ``(size, size)`` uint8.
    """
    angle = float(rng.uniform(-strength.rotate, strength.rotate))
    zoom = math.exp(float(rng.uniform(-1, 1)) * math.log(max(1.0, strength.zoom)))
    flips = rng.random(2) < 0.5
    colours = rng.uniform(-1, 1, size=4)
    moved = np.rint(rng.uniform(-strength.shift, strength.shift, size=2) * size).astype(int)
    sigma = float(rng.uniform(0, strength.blur))
    turn = math.radians(angle)
    margin = math.ceil(size * (abs(math.cos(turn)) + abs(math.sin(turn))) / zoom) if strength.moves else size
    image, mask = window(photo, target, (centre[0] + moved[0], centre[1] + moved[1]), max(size, margin))
    if strength.moves:
        fill = {"angle": angle, "translate": [0, 0], "scale": zoom, "shear": [0.0, 0.0]}
        image = F.affine(image, **fill, interpolation=v2.InterpolationMode.BILINEAR, fill=[PHOTO_FILL] * 3)
        mask = F.affine(mask, **fill, interpolation=v2.InterpolationMode.NEAREST, fill=[IGNORE])
        image, mask = F.center_crop(image, [size, size]), F.center_crop(mask, [size, size])
    if strength.flip and flips[0]:
        image, mask = F.horizontal_flip(image), F.horizontal_flip(mask)
    if strength.vertical_flip and flips[1]:
        image, mask = F.vertical_flip(image), F.vertical_flip(mask)
    image = _blurred(_recolour(image, strength, colours), sigma)
    return image.as_subclass(torch.Tensor), mask.as_subclass(torch.Tensor)[0]


def _recolour(image: Tensor, strength: Strength, amounts: npt.NDArray[np.float64]) -> Tensor:
    """Change the photo's colours; ``amounts`` are four numbers in [-1, 1]."""
    if isinstance(strength.brightness, tuple):
        low, high = strength.brightness
        image = F.adjust_brightness(image, low + (high - low) * (float(amounts[0]) + 1) / 2)
    elif strength.brightness:
        image = F.adjust_brightness(image, 1 + strength.brightness * float(amounts[0]))
    if strength.contrast:
        image = F.adjust_contrast(image, 1 + strength.contrast * float(amounts[1]))
    if strength.saturation:
        image = F.adjust_saturation(image, 1 + strength.saturation * float(amounts[2]))
    if strength.hue:
        image = F.adjust_hue(image, strength.hue * float(amounts[3]))
    return image


def _blurred(image: Tensor, sigma: float) -> Tensor:
    """Blur the photo; below a quarter of a pixel nothing would change."""
    if sigma < 0.25:
        return image
    reach = min(math.ceil(3 * sigma), image.shape[-1] - 1)
    blurred: Tensor = F.gaussian_blur(image, [2 * reach + 1] * 2, [sigma, sigma])
    return blurred


def to_unit(image_NCHW: Tensor) -> Tensor:
    """Bytes 0..255 to float32 in [-1, 1], x / 127.5 - 1."""
    return image_NCHW.float().div_(127.5).sub_(1.0)
