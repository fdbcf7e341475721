"""The formats of mask files: their names, and what the pixels of each stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainer.errors import ConfigError

__all__ = ["FORMATS", "Format", "FormatInfo", "check_format", "said_of_formats"]

Format = Literal["png", "ngff", "coco", "labelme", "cvat", "colours", "voc"]


@dataclass(frozen=True)
class FormatInfo:
    """What one format is.

    Attributes
    ----------
    title : str
        As the window shows it.
    suffix : str
        Of its files.
    says : str
        What its values stand for.
    whole : bool
        Whether one file holds many photos.
    shapes : bool
        Whether it holds named shapes, and not pixel values.
    """

    title: str
    suffix: str
    says: str
    whole: bool = False
    shapes: bool = False


FORMATS: dict[str, FormatInfo] = {
    "png": FormatInfo("PNG", ".png", "pixel = class number from 0, 255 = not labelled"),
    "ngff": FormatInfo(
        "OME-NGFF", ".zarr", "value = class number from 1, named in the file, 0 = not labelled"
    ),
    "coco": FormatInfo("COCO", ".json", "polygons or run lengths by category name", whole=True, shapes=True),
    "labelme": FormatInfo("labelme", ".json", "shapes or masks by label, a file a photo", shapes=True),
    "cvat": FormatInfo("CVAT for images", ".xml", "shapes or masks by label", whole=True, shapes=True),
    "colours": FormatInfo("Coloured PNG", ".png", "colour = class, by --colours FILE or the project's own"),
    "voc": FormatInfo(
        "Pascal VOC", ".png", "palette place = class number from 0, 255 = void, or by labelmap.txt"
    ),
}


def said_of_formats() -> str:
    """Return all formats with what their values stand for, in one line."""
    return "; ".join(f"{name}: {info.says}" for name, info in FORMATS.items())


def check_format(name: str) -> None:
    """Refuse a format that is none.

    Raises
    ------
    ConfigError
        If it is not one of `FORMATS`.
    """
    if name not in FORMATS:
        *first, last = FORMATS
        raise ConfigError(f"there is no format {name!r}; use {', '.join(first)} or {last}")
