"""labelme: one JSON file for each photo, with polygons and other shapes, or masks."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from trainer.atomic import write_text
from trainer.project.import_export.shape_files import Drawn, drawn_size, farthest, load_json, reach_of
from trainer.project.import_export.shapes import Bools, Fill, Shape, ellipse, patch, polygon, rectangle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.labels.classes import ClassSet
    from trainer.labels.ids import Labels

__all__ = ["LabelmeWriter", "read_labelme"]

_NO_AREA = frozenset({"point", "points", "line", "linestrip"})


def read_labelme(path: Path) -> Drawn:
    """Read the shapes of one file; points and lines have no area and count as nothing.

    Raises
    ------
    MaskError
        If it is no such file.
    """
    with load_json(path, "a labelme file (shapes, imagePath)") as data:
        entries = [entry for entry in data["shapes"] if entry.get("shape_type") not in _NO_AREA]
        shapes = [Shape(str(entry["label"]), _fill(entry)) for entry in entries]
        name = str(data.get("imagePath") or "").replace("\\", "/").rpartition("/")[2]
        size = drawn_size(data.get("imageHeight"), data.get("imageWidth"))
        reach = None if size else farthest(reach_of(entry.get("points")) for entry in entries)
        return Drawn(name, path, shapes, size, len(data["shapes"]) - len(entries), reach)


def _fill(entry: dict[str, Any]) -> Fill:
    def fill(size: tuple[int, int]) -> Bools:
        points, kind = entry["points"], entry.get("shape_type") or "polygon"
        if kind == "rectangle":
            (left, top), (right, bottom) = points
            return rectangle(left, top, right, bottom)(size)
        if kind == "circle":
            (x, y), (edge_x, edge_y) = points
            radius = float(np.hypot(edge_x - x, edge_y - y))
            return ellipse(x, y, radius, radius)(size)
        if kind == "mask":
            left, top = (round(float(value)) for value in points[0])
            return patch(lambda: _mask(entry["mask"], points), left, top)(size)
        if kind != "polygon":
            raise ValueError(f"{kind} is no shape that is known")
        return polygon(points)(size)

    return fill


def _mask(text: str, box: Sequence[Sequence[float]]) -> Bools:
    """Return the pixels of a mask; its box names the first and the last, or the one after that."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(text)), formats=["PNG"]) as image:
            inside = np.asarray(image.convert("L")) > 0
    except Exception as error:  # whatever a damaged picture leads Pillow to
        raise ValueError("its mask is no PNG that can be read") from error
    (left, top), (right, bottom) = box
    sides = (bottom - top + 1, right - left + 1)
    if any(abs(has - said) > 1.5 for has, said in zip(inside.shape, sides, strict=True)):
        raise ValueError(
            f"its mask is of {inside.shape[1]} × {inside.shape[0]} pixels, and its box of {sides[1]:.0f} × "
            f"{sides[0]:.0f}"
        )
    return inside


class LabelmeWriter:
    """Writes one file for each photo, with one mask for each class: pixels as they are."""

    def __init__(self, folder: Path, classes: ClassSet) -> None:
        self._folder, self._classes = folder, classes

    def add(self, relpath: str, targets: Labels, name: str) -> None:
        """Write one photo's targets as `name.json`; `relpath` is the photo's."""
        shapes: list[dict[str, object]] = []
        for index, label in enumerate(self._classes.names):
            inside = targets == index
            if not inside.any():
                continue
            rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
            top, bottom, left, right = int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])
            picture = io.BytesIO()
            Image.fromarray(inside[top : bottom + 1, left : right + 1]).save(picture, "PNG")
            shapes.append(
                {
                    "label": label,
                    "points": [[left, top], [right, bottom]],
                    "group_id": None,
                    "description": "",
                    "shape_type": "mask",
                    "flags": {},
                    "mask": base64.b64encode(picture.getvalue()).decode(),
                }
            )
        data = {
            "version": "5.4.1",
            "flags": {},
            "shapes": shapes,
            "imagePath": relpath.rpartition("/")[2],
            "imageData": None,
            "imageHeight": targets.shape[0],
            "imageWidth": targets.shape[1],
        }
        target = self._folder / f"{name}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        write_text(target, json.dumps(data))
