"""Masks as PNG files of one channel, and the only reader of them.

In a file a pixel is the class index, and 255 where it is not labelled: the targets of `labels.truth`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import ExifTags, Image

from trainer.atomic import replacing
from trainer.errors import MaskError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["REST", "Values", "check_plain", "read_values", "read_written", "write_png"]

REST = "#808080"
"""Colour of what is not labelled; neither black nor white, of which `Values` makes a picture."""

_SCALED = {"L;2": 85, "L;4": 17}
"""Factors by which Pillow stretches gray of 2 and 4 bits; what was written is an index."""


@dataclass(frozen=True)
class Values:
    """Pixel values of a PNG mask.

    Attributes
    ----------
    pixels : NDArray
        (height, width) of uint8, or of a wider integer type for files of 16 bits. Of a file with a palette,
        its indices; but 0 and 255 where the palette is black and white alone, in whichever order.
    one_bit : bool
        Whether the file can hold no values but 0 and 1.
    palette : NDArray of uint8
        (colours, 3), red, green and blue of the values from 0 on; empty where there is none, or one of black
        and white.
    """

    pixels: NDArray[np.integer]
    one_bit: bool
    palette: NDArray[np.uint8]


def read_values(path: Path) -> NDArray[np.integer]:
    """Read the pixel values of a PNG mask as they are written, whatever they mean; see `Values.pixels`.

    Raises
    ------
    MaskError
        If the file cannot be read as PNG, or is a colour picture.
    """
    return read_written(path).pixels


def read_written(path: Path) -> Values:
    """Read the pixel values of a PNG mask as they are written, and whether it is of one bit.

    Raises
    ------
    MaskError
        If the file cannot be read as PNG, or is a colour picture.
    """
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if image.mode not in ("L", "P", "1") and not image.mode.startswith("I"):
                raise MaskError(
                    f"{path}: is a picture in {image.mode}; a mask has one channel with class indices; if "
                    "its colours are the classes, import it with --format colours"
                )
            check_plain(path, image)
            factor = _SCALED.get(str(image.tile[0][3]), 1) if image.tile else 1
            values = np.asarray(image)
            palette = np.array(image.getpalette() or (), np.uint8).reshape(-1, 3)
    except MaskError:
        raise
    except Exception as error:  # whatever a damaged file leads Pillow to
        raise MaskError(f"{path}: cannot be read as PNG: {error}; export it anew") from error
    if values.dtype == np.bool_:
        return Values(values.astype(np.uint8), True, palette)
    if _is_black_and_white(palette, values):
        # A picture in black and white: programs put either colour first, so that an index says nothing.
        table = np.zeros(256, np.uint8)
        table[: len(palette)] = palette[:, 0]
        values, palette = table[values], palette[:0]
    return Values(values // factor if factor > 1 else values, False, palette)


def _is_black_and_white(palette: NDArray[np.uint8], values: NDArray[np.integer]) -> bool:
    """Whether a palette has these two colours alone, each for one value; one all black says nothing."""
    if set(np.unique(palette)) != {0, 255} or (palette != palette[:, :1]).any():
        return False
    there = np.unique(values)
    return bool(there[-1] < len(palette)) and len(np.unique(palette[there, 0])) == len(there)


def check_plain(path: Path, image: Image.Image) -> None:
    """Refuse an open picture that shows a mask in more than one way: turned by its EXIF, or in frames.

    Raises
    ------
    MaskError
        If it does.
    """
    frames = int(getattr(image, "n_frames", 1))
    if frames > 1:
        raise MaskError(f"{path}: has {frames} frames, and a mask has one; save the one that is meant")
    turned = 1
    with suppress(Exception):  # whatever damaged EXIF raises, the pixels may be good
        turned = int(image.getexif().get(ExifTags.Base.Orientation, 1))
    if turned in range(2, 9):
        raise MaskError(
            f"{path}: its EXIF says that it is turned (orientation {turned}), but not whether its "
            "pixels were turned already; save it upright, without EXIF"
        )


def write_png(path: Path, values: NDArray[np.uint8], colours: Sequence[str] = ()) -> None:
    """Write a PNG, uint8 (height, width), whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    values : NDArray of uint8
        As they shall stand in it.
    colours : sequence of str
        "#rrggbb" of the values from 0 on, in which viewers show them; all others are `REST`. Without any the
        file is gray.

    Raises
    ------
    OSError
        If it cannot be written; a file of that name stays as it was.
    """
    picture = Image.fromarray(values)
    if colours:
        picture.putpalette(b"".join(map(_rgb, colours)) + _rgb(REST) * (256 - len(colours)))
    with replacing(path) as partial:
        picture.save(partial, format="PNG")


def _rgb(colour: str) -> bytes:
    return bytes.fromhex(colour.removeprefix("#"))
