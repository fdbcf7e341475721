"""Colours of photos by their embedded ICC profile: phones write Display P3, training and window see sRGB."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

__all__ = ["to_srgb"]

_UNSEEN = 1
"""A profile that changes no colour by more than this is sRGB under another name."""


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Bring a picture to sRGB by its profile; one that is broken, or of other colours, is passed over.

    Parameters
    ----------
    image : Image
        In RGB, L or CMYK.
    profile : bytes
        ICC, as it stands in the file.

    Returns
    -------
    Image
        In RGB, or the same picture where its profile says nothing.
    """
    transform = _transform(profile, image.mode)
    if transform is None:
        return image
    changed = ImageCms.applyTransform(image, transform)
    return image if changed is None else changed


@lru_cache(maxsize=64)  # photos of one phone have one profile
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        seen = ImageCms.applyTransform(_colours(mode), made)
    except Exception:  # whatever a damaged profile leads to, the pixels are good
        return None
    if mode == "CMYK" or seen is None:
        return made
    same = np.asarray(_colours(mode).convert("RGB"), np.int16)
    return None if np.abs(np.asarray(seen, np.int16) - same).max() <= _UNSEEN else made


def _colours(mode: str) -> Image.Image:
    """Return a small picture with colours of all kinds."""
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(9, 81, 3)
    return Image.fromarray(cube).convert(mode)
