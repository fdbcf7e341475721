"""Masks whose colours say the classes: PNG in RGB or with a palette, and Pascal VOC's."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from trainer.atomic import replacing, write_text
from trainer.errors import ConfigError, MaskError
from trainer.labels.ids import NOT_LABELLED, Labels
from trainer.labels.png import REST, check_plain
from trainer.labels.text_files import read_table, read_text
from trainer.labels.values import IGNORE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trainer.labels.classes import ClassSet

__all__ = [
    "COLOURS_FILE",
    "LABELMAP",
    "VOC_FOLDER",
    "Colours",
    "own_colours",
    "read_coloured",
    "read_colours",
    "voc_colours",
    "voc_palette",
    "write_coloured",
    "write_colours",
    "write_indexed",
    "write_voc_names",
]

Colours = dict[int, int]
"""0xrrggbb → label of the project, 0 = not labelled."""

COLOURS_FILE, LABELMAP, VOC_FOLDER = "colours.csv", "labelmap.txt", "SegmentationClass"
VOID = (224, 224, 192)
"""Colour of what is not labelled in Pascal VOC: entry 255 of its palette."""

_MEANINGS = {
    "name": ("class name", "classname", "class", "label name", "label", "category", "klasse"),
    "colour": ("color", "hex", "rgb", "colours", "colors", "farbe"),
    "red": ("r", "rot"),
    "green": ("g", "grün"),
    "blue": ("b", "blau"),
}


def own_colours(classes: ClassSet) -> Colours:
    """Return the colours of the project's classes; gray is not labelled."""
    pairs = [(_number(colour), index + 1) for index, colour in enumerate(classes.colours)]
    return {_number(REST): 0, **dict(pairs)}


def voc_colours(count: int = 256) -> list[tuple[int, int, int]]:
    """Return Pascal VOC's palette: the bits of an index, dealt to red, green and blue from the top."""
    palette = []
    for index in range(count):
        rgb = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                rgb[channel] |= (index >> (3 * bit + channel) & 1) << (7 - bit)
        palette.append((rgb[0], rgb[1], rgb[2]))
    return palette


def read_colours(path: Path, classes: ClassSet) -> Colours:
    """Read which colour is which class: a table, JSON {"#rrggbb": "class"}, or CVAT's labelmap.txt.

    Raises
    ------
    ConfigError
        If the file cannot be read, names a colour twice, or a class that the project does not have.
    """
    try:
        if path.suffix.lower() == ".json":
            rows = [(f"entry {i + 1}", c, n) for i, (c, n) in enumerate(_json_pairs(read_text(path)))]
        elif path.name == LABELMAP:
            rows = _labelmap(read_text(path))
        else:
            rows = _table(path)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file of colours; check its path") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: cannot be read as colour and class name: {error}; mend it") from error
    names = [name.strip().casefold() for name in classes.names]
    found: Colours = {}
    for where, colour, name in rows:
        number, said = _number_at(f"{path}, {where}", colour), name.strip().casefold()
        if number in found:
            raise ConfigError(
                f"{path}, {where}: the colour {colour} stands there twice; say once what it means"
            )
        if said not in names and said not in NOT_LABELLED:
            raise ConfigError(
                f"{path}, {where}: the project has no class {name!r}; it has {', '.join(classes.names)}"
            )
        found[number] = names.index(said) + 1 if said in names else 0
    if not found:
        raise ConfigError(f"{path}: names no colour; write for example #ff0000,{classes.names[-1]}")
    return found


def _json_pairs(text: str) -> list[tuple[str, str]]:
    pairs = []
    for key, value in json.loads(text, object_pairs_hook=list):  # a dict would keep the last of two
        listed = isinstance(value, list | tuple)
        pairs.append((",".join(map(str, value)), str(key)) if listed else (str(key), str(value)))
    return pairs


def _labelmap(text: str) -> list[tuple[str, str, str]]:
    lines = [(f"line {n}", line.strip()) for n, line in enumerate(text.splitlines(), start=1)]
    rows = []
    for where, line in lines:
        if line and not line.startswith("#"):
            name, _, colour = line.partition(":")
            rows.append((where, colour.partition(":")[0], name))
    return rows


def _table(path: Path) -> list[tuple[str, str, str]]:
    table = read_table(path, _MEANINGS)
    at = table.columns
    rows = []
    for row in table.rows:
        if "red" in at and "green" in at and "blue" in at:
            colour = ",".join(row[at[channel]] for channel in ("red", "green", "blue"))
        elif "colour" in at or not at:
            colour = row[at.get("colour", 0)]
        else:
            raise ConfigError(f"{path}, line 1: no column 'colour'; use name, colour (as #rrggbb)")
        rows.append((f"line {row.line}", colour, row[at.get("name", 1)]))
    return rows


def _number_at(where: str, colour: str) -> int:
    text = colour.strip()
    if re.fullmatch(r"#?[0-9a-fA-F]{6}", text):
        return _number(text)
    parts = re.findall(r"-?\d+", text)
    if len(parts) == 3 and all(0 <= int(part) < 256 for part in parts):
        return int(parts[0]) << 16 | int(parts[1]) << 8 | int(parts[2])
    raise ConfigError(f"{where}: {colour!r} is no colour; write it as #rrggbb or as three numbers to 255")


def _number(colour: str) -> int:
    return int(colour.removeprefix("#"), 16)


def read_coloured(path: Path, colours: Mapping[int, int]) -> Labels:
    """Read a mask by its colours: uint8 (height, width), 0 = not labelled.

    Raises
    ------
    MaskError
        If it cannot be read, or a pixel is see-through or has a colour without a meaning.
    """
    try:
        with Image.open(path, formats=["PNG"]) as image:
            check_plain(path, image)
            rgba = np.asarray(image.convert("RGBA"), np.uint32)
    except MaskError:
        raise
    except Exception as error:  # whatever a damaged file leads Pillow to
        raise MaskError(f"{path}: cannot be read as PNG: {error}; export it anew") from error
    through = int((rgba[..., 3] < 255).sum())
    if through:
        raise MaskError(
            f"{path}: {through:,} pixels are see-through, and what they show is no colour; save it on a "
            "ground of one colour that has a meaning"
        )
    numbers = rgba[..., 0] << 16 | rgba[..., 1] << 8 | rgba[..., 2]
    there, place, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    unknown = [(int(n), int(c)) for n, c in zip(there, counts, strict=True) if int(n) not in colours]
    if unknown:
        unknown.sort(key=lambda pair: -pair[1])
        shown = ", ".join(f"#{number:06x} ({count:,} pixels)" for number, count in unknown[:4])
        raise MaskError(
            f"{path}: holds {len(unknown):,} colours without a meaning: {shown}; say with --colours FILE "
            "which colour is which class; mixed colours along outlines come of scaling or JPEG"
        )
    labels = np.array([colours[int(number)] for number in there], np.uint8)[place.reshape(numbers.shape)]
    return np.asarray(labels, np.uint8)


def write_coloured(path: Path, targets: Labels, classes: ClassSet) -> None:
    """Write targets in the colours of the classes, as RGB; gray is not labelled."""
    table = np.full((256, 3), _bytes(REST), np.uint8)
    table[: classes.count] = [_bytes(colour) for colour in classes.colours]
    with replacing(path) as partial:
        Image.fromarray(table[targets]).save(partial, format="PNG")


def write_indexed(path: Path, targets: Labels, palette: bytes) -> None:
    """Write targets as they are, under a palette of 256 colours."""
    picture = Image.fromarray(targets)
    picture.putpalette(palette)
    with replacing(path) as partial:
        picture.save(partial, format="PNG")


def write_colours(path: Path, classes: ClassSet) -> None:
    """Write `COLOURS_FILE`: the name and colour of each class, and of what is not labelled."""
    text = io.StringIO()
    rows = [("name", "colour"), *zip(classes.names, classes.colours, strict=True), ("not labelled", REST)]
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())


def _bytes(colour: str) -> list[int]:
    return list(bytes.fromhex(colour.removeprefix("#")))


def write_voc_names(folder: Path, classes: ClassSet, of_splits: Mapping[str, list[str]]) -> None:
    """Write what goes with Pascal VOC's masks: names and colours, and the photos of each split."""
    rows = [(name, voc_colours(classes.count)[index]) for index, name in enumerate(classes.names)]
    lines = ["# label:color_rgb:parts:actions"]
    lines += [f"{name}:{','.join(map(str, rgb))}::" for name, rgb in [*rows, ("void", VOID)]]
    write_text(folder / LABELMAP, "\n".join(lines) + "\n")
    lists = folder / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True, exist_ok=True)
    for split, names in of_splits.items():
        write_text(lists / f"{split}.txt", "".join(f"{name}\n" for name in names))


def voc_palette() -> bytes:
    """Return the palette as it stands in the files; its last entry is what is not labelled."""
    colours = voc_colours()
    colours[IGNORE] = VOID
    return bytes(value for colour in colours for value in colour)
