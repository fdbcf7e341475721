"""Reading single mask files of others: PNG and OME-NGFF, into 0 = not labelled, class index + 1."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from PIL import Image, UnidentifiedImageError

from trainer.errors import ConfigError, MaskError
from trainer.labels.classes import ClassSet

__all__ = ["Ids", "read_ids", "read_ngff", "read_png"]

Labels = npt.NDArray[np.uint8]
Ids = Mapping[int, int]
"""Value in the file → value in the project (0 = not labelled, class index + 1)."""

NOT_LABELLED = frozenset({"", "not labelled", "not labeled", "unlabelled", "unlabeled", "ignore", "void"})


def read_ids(path: Path, classes: ClassSet) -> Ids:
    """Read what the pixel values of somebody else's masks mean.

    Parameters
    ----------
    path : Path
        JSON, {"0": "background", "255": "not labelled", …}, or CSV with value and class name in the first
        two columns. Several values may mean one class.
    classes : ClassSet
        The project's classes.

    Raises
    ------
    ConfigError
        If the file cannot be read, or names a class that the project does not have.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        pairs = _json_pairs(text) if path.suffix.lower() == ".json" else _csv_pairs(text)
    except (OSError, ValueError, IndexError, AttributeError, csv.Error) as error:
        raise ConfigError(f"{path}: cannot be read as pixel value and class name: {error}") from error
    if not pairs:
        raise ConfigError(f"{path}: names no class; write for example 1,{classes.names[-1]}")
    ids: dict[int, int] = {}
    for value, name in pairs:
        if name.casefold() in NOT_LABELLED:
            ids[value] = 0
        elif name in classes.names:
            ids[value] = classes.names.index(name) + 1
        else:
            raise ConfigError(
                f"{path}: the project has no class {name!r} (for the value {value}); it has "
                f"{', '.join(classes.names)}"
            )
    return ids


def _json_pairs(text: str) -> list[tuple[int, str]]:
    return [(int(value), str(name).strip()) for value, name in json.loads(text).items()]


def _csv_pairs(text: str) -> list[tuple[int, str]]:
    rows = [row for row in csv.reader(text.splitlines()) if row]
    if rows and not rows[0][0].strip().isdecimal():  # a line of headings
        rows = rows[1:]
    return [(int(row[0]), row[1].strip()) for row in rows]


def read_png(path: Path, classes: ClassSet, ids: Ids | None = None) -> Labels:
    """Read a mask: uint8 (height, width), 0 = not labelled, else class index + 1.

    Raises
    ------
    MaskError
        If the file is damaged, is a colour picture, or holds values that mean nothing.
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
    if ids is None:
        ids = {255: 0, **{index: index + 1 for index in range(classes.count)}}
    return _translate(path, values, ids, classes)


def read_ngff(path: Path, classes: ClassSet, ids: Ids | None = None) -> Labels:
    """Read an OME-NGFF label image at its full size, like `read_png`.

    Label values follow the names in its `image-label` properties, where there are names.

    Raises
    ------
    MaskError
        If it is damaged, is no label image of one plane, or holds values that mean nothing.
    """
    try:
        group = zarr.open_group(path, mode="r")
        attributes = dict(group.attrs)
        ome: Any = attributes.get("ome", attributes)
        array = group[ome["multiscales"][0]["datasets"][0]["path"]]
        values = np.asarray(array[...])  # type: ignore[index]
        properties = ome.get("image-label", {}).get("properties") or []
    except Exception as error:  # zarr raises its own, and whatever a damaged file leads it to
        raise MaskError(f"{path}: cannot be read as an OME-NGFF label image: {error}") from error
    while values.ndim > 2 and values.shape[0] == 1:
        values = values[0]
    if values.ndim != 2 or values.dtype.kind not in "iu":
        raise MaskError(f"{path}: holds {values.dtype} {values.shape}, not one plane of label values")
    return _translate(path, values, ids or _named(path, properties, classes), classes)


def _named(path: Path, properties: list[dict[str, Any]], classes: ClassSet) -> Ids:
    names = {int(entry["label-value"]): str(entry["name"]) for entry in properties if "name" in entry}
    if not names:
        return {index: index for index in range(classes.count + 1)}
    unknown = sorted({name for name in names.values() if name not in classes.names})
    if unknown:
        raise MaskError(f"{path}: names classes that the project does not have: {', '.join(unknown)}")
    return {0: 0, **{value: classes.names.index(name) + 1 for value, name in names.items()}}


def _translate(path: Path, values: npt.NDArray[Any], ids: Ids, classes: ClassSet) -> Labels:
    if values.dtype == np.bool_:
        values = values.astype(np.uint8)
    if values.dtype != np.uint8:
        if values.size and (values.min() < 0 or values.max() > 65535):
            raise MaskError(f"{path}: holds values from {values.min()} to {values.max()}, not class indices")
        values = values.astype(np.uint16)
    table = np.zeros(65536 if values.dtype == np.uint16 else 256, np.uint8)
    meant = np.zeros(table.shape, bool)
    for value, label in ids.items():
        if 0 <= value < len(table):
            table[value], meant[value] = label, True
    there = np.bincount(values.ravel(), minlength=len(table)) > 0
    unknown = np.flatnonzero(there & ~meant)
    if unknown.size:
        shown = ", ".join(map(str, unknown[:8])) + (", …" if unknown.size > 8 else "")
        raise MaskError(
            f"{path}: holds unknown ids {shown}; {classes.name} has 0 to {classes.count - 1}, and 255 for "
            "not labelled; say what others mean with --ids"
        )
    labels: Labels = table[values]
    return labels
