"""Masks as PNG files of one channel, and the only reader of them.

In a file a pixel is the class index, and 255 where it is not labelled: the targets of `labels.truth`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, UnidentifiedImageError

from trainer.atomic import replacing
from trainer.errors import MaskError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_values", "write_png"]


def read_values(path: Path) -> NDArray[np.integer]:
    """Read the pixel values of a PNG mask as they are written, whatever they mean.

    Returns
    -------
    NDArray
        (height, width) of uint8, or of a wider integer type for files of 16 bits. Of a file with a palette,
        its indices and not its colours.

    Raises
    ------
    MaskError
        If the file cannot be read as PNG, or is a colour picture.
    """
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.mode not in ("L", "P", "1") and not image.mode.startswith("I"):
                raise MaskError(
                    f"{path}: is a picture in {image.mode}; a mask has one channel with class indices"
                )
            values = np.asarray(image)
    except MaskError:
        raise
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise MaskError(f"{path}: cannot be read as PNG: {error}") from error
    return values.astype(np.uint8) if values.dtype == np.bool_ else values


def write_png(path: Path, values: NDArray[np.uint8]) -> None:
    """Write a gray PNG, uint8 (height, width), whole or not at all.

    Raises
    ------
    OSError
        If it cannot be written; a file of that name stays as it was.
    """
    with replacing(path) as partial:
        Image.fromarray(values).save(partial, format="PNG")
