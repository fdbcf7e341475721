"""CVAT for images: one XML file with shapes and masks for many photos."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import category
from xml.etree import ElementTree

import numpy as np

from trainer.atomic import write_text
from trainer.errors import ConfigError, MaskError
from trainer.labels.text_files import read_text
from trainer.project.import_export.rle import decode_runs, encode_runs
from trainer.project.import_export.shape_files import Drawn, drawn_size
from trainer.project.import_export.shapes import Bools, Fill, Shape, ellipse, patch, polygon, rectangle

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.labels.classes import ClassSet
    from trainer.labels.ids import Labels

__all__ = ["CvatWriter", "read_cvat"]

_SHAPES = frozenset({"polygon", "box", "ellipse", "mask", "cuboid", "skeleton"})
_NO_AREA = frozenset({"points", "polyline"})


def read_cvat(path: Path) -> list[Drawn]:
    """Read the shapes of every image, in their order of depth; points and lines count as nothing.

    Raises
    ------
    MaskError
        If it is no such file.
    """
    try:
        text = read_text(path)
        if "<!DOCTYPE" in text or "<!ENTITY" in text:  # entities may unfold without end
            raise MaskError(f"{path}: declares entities, as CVAT never does; export it anew from CVAT")
        tree = ElementTree.fromstring(text)
        images = [*tree.iter("image")]
        if tree.tag != "annotations" or any("name" not in image.attrib for image in images):
            raise ValueError("there is no <annotations> with named images")
        return [
            Drawn(
                image.attrib["name"],
                path,
                _shapes(image),
                drawn_size(image.get("height"), image.get("width")),
                sum(part.tag in _NO_AREA for part in image),
            )
            for image in images
        ]
    except (OSError, ValueError, ConfigError, ElementTree.ParseError) as error:
        raise MaskError(
            f"{path}: cannot be read as CVAT for images: {error}; export it anew from CVAT"
        ) from error


def _shapes(image: ElementTree.Element) -> list[Shape]:
    found = [part for part in image if part.tag in _SHAPES]
    found.sort(key=lambda part: int(part.get("z_order") or 0))
    return [Shape(part.get("label") or "", _fill(part)) for part in found]


def _fill(part: ElementTree.Element) -> Fill:
    """Make what fills a shape; errors come up when it is drawn, so that they name one photo."""

    def fill(size: tuple[int, int]) -> Bools:
        def numbers(*names: str) -> list[float]:
            return [float(part.attrib[name]) for name in names]

        turn = float(part.get("rotation") or 0)
        if part.tag == "polygon":
            return polygon([list(map(float, p.split(","))) for p in part.attrib["points"].split(";")])(size)
        if part.tag == "box":
            left, top, right, bottom = numbers("xtl", "ytl", "xbr", "ybr")
            return rectangle(left, top, right, bottom, turn)(size)
        if part.tag == "ellipse":
            x, y, across, down = numbers("cx", "cy", "rx", "ry")
            return ellipse(x, y, across, down, turn)(size)
        if part.tag != "mask":
            raise ValueError(f"a {part.tag} has no area that is known")
        column, row, width, height = map(int, numbers("left", "top", "width", "height"))
        if not 0 < height * width <= 4 * size[0] * size[1]:
            raise ValueError(f"its mask is of {width} × {height} pixels")
        runs = [int(run) for run in part.attrib["rle"].split(",")]
        return patch(lambda: decode_runs(runs, height * width).reshape(height, width), column, row)(size)

    return fill


class CvatWriter:
    """Collects masks, and writes `annotations.xml`: one mask for each class of a photo."""

    def __init__(self, folder: Path, classes: ClassSet) -> None:
        self._file, self._classes = folder / "annotations.xml", classes
        self._root = ElementTree.Element("annotations")
        ElementTree.SubElement(self._root, "version").text = "1.1"
        task = ElementTree.SubElement(ElementTree.SubElement(self._root, "meta"), "task")
        labels = ElementTree.SubElement(task, "labels")
        for name, colour in zip(classes.names, classes.colours, strict=True):
            label = ElementTree.SubElement(labels, "label")
            ElementTree.SubElement(label, "name").text = name
            ElementTree.SubElement(label, "color").text = colour
        self._count = 0

    def add(self, relpath: str, targets: Labels) -> None:
        """Add one photo's targets: class indices, `IGNORE` where it is not labelled."""
        if not all(letter in "\t\n\r" or category(letter) != "Cc" for letter in relpath):
            raise MaskError(
                f"{relpath!r}: XML cannot hold this name; rename the photo, or use another format"
            )
        height, width = targets.shape
        image = ElementTree.SubElement(
            self._root,
            "image",
            {"id": str(self._count), "name": relpath, "width": str(width), "height": str(height)},
        )
        self._count += 1
        for index, name in enumerate(self._classes.names):
            inside = targets == index
            if not inside.any():
                continue
            rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
            top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
            runs = encode_runs(inside[top:bottom, left:right].ravel())
            place = {"left": left, "top": top, "width": right - left, "height": bottom - top, "z_order": 0}
            ElementTree.SubElement(
                image,
                "mask",
                {
                    "label": name,
                    "source": "manual",
                    "occluded": "0",
                    "rle": ", ".join(map(str, runs)),
                    **{key: str(value) for key, value in place.items()},
                },
            )

    def finish(self) -> None:
        """Write the file."""
        ElementTree.indent(self._root)
        write_text(self._file, ElementTree.tostring(self._root, "unicode", xml_declaration=True))
