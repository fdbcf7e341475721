"""Masks that lie among photos: found by their names, and where those say too little, by their values."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["masks_among", "stem_of_mask"]

_MARKED = re.compile(
    r"^(?P<photo>.+?)[._\- ]+(masks?|labels?|seg(mentation)?s?|annotations?|gt|ground_?truth|preds?|"
    r"predictions?|confidence|error)([._\- ]*\d+)?$",
    re.IGNORECASE,
)
"""A photo's stem, and what such a file is of it."""

_OF_MASKS = re.compile(
    r"(^|[^a-z])(masks?|labels?|seg|gt|preds?|segmentation[a-z]*|annotations?|ground_?truths?|predictions?)"
    r"([^a-z]|$)"
)
"""A folder's name."""

_FLAT = frozenset({".png", ".tif", ".tiff", ".bmp", ".gif"})  # kinds that keep the values of a mask
_FEW = 32
"""A picture of one channel with no more values than this shows classes and no light."""


def masks_among(folder: Path, names: Iterable[str]) -> set[str]:
    """Return the files that are masks of others.

    Such a file has the stem of another, which is no mask; and its name or its folder says that it is a mask,
    or it has one channel and few values. Only for the last a file is opened, one whose stem is not its own.

    Parameters
    ----------
    folder : Path
        Where they lie.
    names : iterable of str
        Relative paths, with "/".
    """
    said, stems = set[str](), dict[str, int]()
    for name in names:
        place, _, last = name.rpartition("/")
        stem = os.path.splitext(last)[0]
        if _MARKED.match(stem) or _OF_MASKS.search(place.lower()):
            said.add(name)
        else:
            stems[stem] = stems.get(stem, 0) + 1
    found = {name for name in said if _of_another(name, stems)}
    for name in names:
        stem, suffix = os.path.splitext(name.rpartition("/")[2])
        alone = stems.get(stem, 0) < (1 if name in said else 2)
        if not alone and suffix.lower() in _FLAT and name not in found and _is_flat(folder / name):
            found.add(name)
    return found


def stem_of_mask(stem: str) -> str | None:
    """Return the photo's stem of a name such as `1_mask`; None: it is no such name."""
    marked = _MARKED.match(stem)
    return None if marked is None else marked["photo"]


def _of_another(name: str, stems: dict[str, int]) -> bool:
    stem = os.path.splitext(name.rpartition("/")[2])[0]
    return stem in stems or stem_of_mask(stem) in stems


def _is_flat(path: Path) -> bool:
    try:
        if path.suffix.lower() == ".png" and not _one_channel(path):
            return False
        with Image.open(path) as image:
            if image.mode not in ("1", "L", "P", "I;16", "I"):
                return False
            step = max(1, max(image.size) // 512)
            return len(np.unique(np.asarray(image)[::step, ::step])) <= _FEW
    except Exception:  # whoever reads it as a photo is told
        return False


def _one_channel(path: Path) -> bool:
    """Whether a PNG is gray or has a palette, from its first bytes alone."""
    with path.open("rb") as file:
        head = file.read(26)
    return len(head) == 26 and head[25] in (0, 3)
