"""One PNG mask from elsewhere, read into the labels of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.labels.png import read_values
from trainer.labels.values import IGNORE
from trainer.project.import_export.ids import Ids, Labels, translate

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.labels.classes import ClassSet

__all__ = ["read_png"]


def read_png(path: Path, classes: ClassSet, ids: Ids | None = None) -> Labels:
    """Read a mask: uint8 (height, width), 0 = not labelled, else class index + 1.

    Raises
    ------
    MaskError
        If the file is damaged, is a colour picture, or holds values that mean nothing.
    """
    if ids is None:
        ids = {IGNORE: 0, **{index: index + 1 for index in range(classes.count)}}
    return translate(path, read_values(path), ids, classes)
