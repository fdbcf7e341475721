"""napari writers: a Labels layer as a mask group, or as a PNG of class indices (255 = not labelled)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.errors import ConfigError, MaskError
from trainer.labels import png
from trainer.labels.classes import ClassSet
from trainer.labels.truth import to_targets
from trainer.labels.values import PAINTED
from trainer.project.files import zarr_store

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def write_png(path: str, data: ArrayLike, attributes: dict[str, Any]) -> list[str]:
    """Write stored label values as class indices 0…8, 255 where nothing is labelled.

    Raises
    ------
    MaskError
        If the layer is not 2-D or holds values above 9.
    """
    labels = _stored(data, path)
    png.write_png(Path(path), to_targets(labels))
    return [path]


def write_group(path: str, data: ArrayLike, attributes: dict[str, Any]) -> list[str]:
    """Write a mask group with `labels` and `provenance` (all that is labelled counts as painted).

    Names and colours of the classes are those of the layer; one that has none gets `class 1`, `class 2`, …

    Raises
    ------
    MaskError
        If the layer is not 2-D, holds values above 9 or more than its classes, or the folder exists already.
    """
    labels, target = _stored(data, path), Path(path)
    if target.exists():
        raise MaskError(f"{path} exists already and mask groups are never changed: choose a new name")
    try:
        classes = classes_of(labels, attributes)
    except ConfigError as error:
        raise MaskError(f"{path}: {error}") from error
    provenance = np.where(labels > 0, PAINTED, 0).astype(np.uint8)
    made, _ = zarr_store.write_arrays(target.parent, {"labels": labels, "provenance": provenance}, classes)
    made.rename(target)
    return [path]


def classes_of(labels: NDArray[np.uint8], attributes: Mapping[str, Any]) -> ClassSet:
    """Return the class set of a layer, from its metadata, features and colormap.

    Raises
    ------
    ConfigError
        If these make no class set, or the labels go beyond it.
    """
    metadata = attributes.get("metadata") or {}
    highest = int(labels.max(initial=0))
    if "class_set" in metadata:
        classes = ClassSet.from_dict(metadata["class_set"])
        if highest > classes.count:
            raise ConfigError(f"holds the label {highest}, but its classes end at {classes.count}")
        return classes
    known = {value: name for value, name in _names(metadata, attributes.get("features")).items() if value > 0}
    values = range(1, max(2, highest, *known) + 1)
    made = {"name": "layer", "names": [known.get(value, f"class {value}") for value in values]}
    colours = _colours(attributes.get("colormap"), values)
    return ClassSet.from_dict(made | ({"colours": colours} if len(set(colours)) == len(values) else {}))


def _names(metadata: Mapping[str, Any], features: Any) -> dict[int, str]:
    """Return the names by stored value, as our reader or another plugin wrote them."""
    if isinstance(metadata.get("classes"), Mapping):
        return {int(value): str(name) for value, name in metadata["classes"].items()}
    if features is not None and {"index", "class"} <= set(features):
        return {int(v): str(n) for v, n in zip(features["index"], features["class"], strict=True)}
    return {}


def _colours(colormap: Any, values: range) -> list[str]:
    """Return the colours of a direct colormap; none where it does not name every value."""
    table = getattr(colormap, "color_dict", colormap)
    if not isinstance(table, Mapping) or any(value not in table for value in values):
        return []
    rgb = [np.round(np.asarray(table[value], float)[:3] * 255).astype(int) for value in values]
    return ["#{:02x}{:02x}{:02x}".format(*channels) for channels in rgb]


def _stored(data: ArrayLike, path: str) -> NDArray[np.uint8]:
    labels = np.asarray(data)
    if labels.ndim != 2:
        raise MaskError(f"{path}: a mask has rows and columns, this layer has {labels.ndim} dimensions")
    if labels.size and not 0 <= int(labels.min()) <= int(labels.max()) <= 9:
        raise MaskError(f"{path}: labels must be 0 (not labelled) to 9, this layer has {int(labels.max())}")
    return labels.astype(np.uint8)
