"""COCO: one JSON file with polygons or run lengths for many photos, as pycocotools reads and writes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.atomic import write_text
from trainer.errors import MaskError
from trainer.project.import_export.rle import compress, decode_runs, encode_runs, expand
from trainer.project.import_export.shape_files import Drawn, drawn_size, farthest, load_json, reach_of
from trainer.project.import_export.shapes import Bools, Fill, Shape, polygon

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from trainer.labels.classes import ClassSet
    from trainer.labels.ids import Labels

__all__ = ["CocoWriter", "read_coco"]


def read_coco(path: Path) -> list[Drawn]:
    """Read the shapes of every photo of a COCO file; those of an image without annotations are none.

    Raises
    ------
    MaskError
        If it is no such file.
    """
    with load_json(path, "a COCO file (images, annotations, categories)") as data:
        names = {str(entry["id"]): str(entry["name"]) for entry in data["categories"]}
        shapes: dict[str, list[Shape]] = {str(image["id"]): [] for image in data["images"]}
        corners: dict[str, list[Any]] = {image: [] for image in shapes}
        _check_ids(path, "categories", names, data["categories"])
        _check_ids(path, "images", shapes, data["images"])
        for entry in data["annotations"]:
            number, image = str(entry["category_id"]), str(entry["image_id"])
            if image not in shapes:
                raise MaskError(
                    f"{path}: has an annotation of the image {image}, which it does not list; export it anew"
                )
            outline = entry.get("segmentation")
            shapes[image].append(Shape(names.get(number, number), _fill(outline)))
            corners[image] += outline if isinstance(outline, list) else []
        return [
            _drawn(path, image, shapes[str(image["id"])], corners[str(image["id"])])
            for image in data["images"]
        ]


def _drawn(path: Path, image: dict[str, Any], shapes: list[Shape], corners: list[Any]) -> Drawn:
    size = drawn_size(image.get("height"), image.get("width"))
    reach = None if size else farthest(reach_of(part) for part in corners)
    return Drawn(str(image["file_name"]), path, shapes, size, reach=reach)


def _check_ids(path: Path, what: str, found: Collection[str], listed: Sequence[Any]) -> None:
    if len(found) < len(listed):
        raise MaskError(f"{path}: gives two {what} the same id; give each its own, and mend its annotations")


def _fill(segmentation: Any) -> Fill:
    """Make what fills an annotation; errors come up when it is drawn, so that they name one photo."""

    def fill(size: tuple[int, int]) -> Bools:
        if not segmentation:
            raise ValueError("it has a box and no outline")
        if isinstance(segmentation, list):
            parts = segmentation if isinstance(segmentation[0], list | tuple) else [segmentation]
            found = np.zeros(size, bool)
            for part in parts:
                found |= polygon(part)(size)
            return found
        rows, columns = (int(side) for side in segmentation["size"])
        if (rows, columns) != size:
            raise ValueError(f"its run lengths are of {columns} × {rows} pixels")
        counts = segmentation["counts"]
        runs = expand(counts) if isinstance(counts, str) else list(counts)
        return decode_runs(runs, rows * columns).reshape(columns, rows).T

    return fill


class CocoWriter:
    """Collects masks, and writes `annotations.json`: one annotation for each class of a photo."""

    def __init__(self, folder: Path, classes: ClassSet) -> None:
        self._file = folder / "annotations.json"
        self._images: list[dict[str, object]] = []
        self._annotations: list[dict[str, object]] = []
        self._classes = classes

    def add(self, relpath: str, targets: Labels) -> None:
        """Add one photo's targets: class indices, `IGNORE` where it is not labelled."""
        image_id = len(self._images) + 1
        height, width = targets.shape
        self._images.append({"id": image_id, "file_name": relpath, "height": height, "width": width})
        for index in range(self._classes.count):
            inside = targets == index
            if not inside.any():
                continue
            rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
            left, top = int(columns[0]), int(rows[0])
            self._annotations.append(
                {
                    "id": len(self._annotations) + 1,
                    "image_id": image_id,
                    "category_id": index + 1,
                    "segmentation": {
                        "size": [height, width],
                        "counts": compress(encode_runs(inside.T.ravel())),
                    },
                    "area": int(inside.sum()),
                    "bbox": [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top],
                    "iscrowd": 0,
                }
            )

    def finish(self) -> None:
        """Write the file."""
        categories = [
            {"id": index + 1, "name": name, "supercategory": ""}
            for index, name in enumerate(self._classes.names)
        ]
        data = {"images": self._images, "annotations": self._annotations, "categories": categories}
        write_text(self._file, json.dumps(data))
