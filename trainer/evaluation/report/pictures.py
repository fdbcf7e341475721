"""Photos and masks as small pictures that live inside the page."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.data.photo_cache import resize_nearest
from trainer.labels.classes import ClassSet
from trainer.labels.values import IGNORE
from trainer.project.files.decode import scaled_size

if TYPE_CHECKING:
    from trainer.labels.classes import ClassSet

LONG_SIDE = 520
OPACITY = 0.55
Bytes = npt.NDArray[np.uint8]


def small(photo: Bytes, long_side: int = LONG_SIDE) -> Bytes:
    """Scale a photo ``(H, W, 3)`` down by area."""
    if max(photo.shape[:2]) <= long_side:
        return photo
    height, width = scaled_size(photo.shape[0], photo.shape[1], long_side)
    return np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BOX))


def overlay(photo: Bytes, labels: Bytes, classes: ClassSet) -> Bytes:
    """Paint classes over a photo: background stays, what is not labelled turns into dim gray.

    Parameters
    ----------
    photo
        ``(h, w, 3)`` uint8.
    labels
        Class indices and IGNORE, of any size.
    """
    labels = resize_nearest(labels, photo.shape[0], photo.shape[1])
    colours = np.array([list(bytes.fromhex(colour[1:])) for colour in classes.colours], np.float32)
    painted = photo.astype(np.float32)
    skin = (labels != IGNORE) & (labels != classes.background)
    painted[skin] = (1 - OPACITY) * painted[skin] + OPACITY * colours[labels[skin]]
    edge = np.zeros(labels.shape, bool)
    edge[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    edge[1:] |= labels[1:] != labels[:-1]
    painted[edge & skin] = colours[labels[edge & skin]]
    gray = painted[labels == IGNORE].mean(-1, keepdims=True)
    painted[labels == IGNORE] = 128 + 0.25 * (gray - 128)
    return painted.round().clip(0, 255).astype(np.uint8)


def data_uri(picture: Bytes, quality: int = 82) -> str:
    """Encode a picture as a data address (JPEG)."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
