"""napari writers: a Labels layer as a mask group, or as a PNG of class indices (255 = not labelled)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from trainer.classes import CLASS_SETS
from trainer.project import MaskError, groups

PAINTED = 3


def write_png(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write stored label values as class indices 0…8, 255 where nothing is labelled.

    Raises
    ------
    MaskError
        If the layer is not 2-D or holds values above 9.
    """
    labels = _stored(data, path)
    Image.fromarray(labels - np.uint8(1)).save(path)
    return [path]


def write_group(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write a mask group with `labels` and `provenance` (all that is labelled counts as painted).

    Raises
    ------
    MaskError
        If the layer is not 2-D or holds values above 9, or the folder exists already.
    """
    labels, target = _stored(data, path), Path(path)
    if target.exists():
        raise MaskError(f"{path} exists already and mask groups are never changed: choose a new name")
    provenance = np.where(labels > 0, PAINTED, 0).astype(np.uint8)
    made, _ = groups.write_group(
        target.parent, {"labels": labels, "provenance": provenance}, CLASS_SETS["skin9"]
    )
    made.rename(target)
    return [path]


def _stored(data: Any, path: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
    labels = np.asarray(data)
    if labels.ndim != 2:
        raise MaskError(f"{path}: a mask has rows and columns, this layer has {labels.ndim} dimensions")
    if labels.size and not 0 <= int(labels.min()) <= int(labels.max()) <= 9:
        raise MaskError(f"{path}: labels must be 0 (not labelled) to 9, this layer has {int(labels.max())}")
    return labels.astype(np.uint8)
