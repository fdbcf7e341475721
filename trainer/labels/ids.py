"""Pixel values of mask files from elsewhere: their meaning, and their translation to a project's labels."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.atomic import write_text
from trainer.errors import ConfigError, MaskError
from trainer.labels.png import REST
from trainer.labels.text_files import Table, read_table, read_text
from trainer.labels.values import IGNORE

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.labels.classes import ClassSet

__all__ = [
    "CLASSES_FILE",
    "NOT_LABELLED",
    "Ids",
    "Labels",
    "is_classes_file",
    "read_ids",
    "read_names",
    "translate",
    "write_classes",
]

Labels = npt.NDArray[np.uint8]
Ids = Mapping[int, int]
"""Value in the file → value in the project (0 = not labelled, class index + 1)."""

CLASSES_FILE = "classes.csv"
"""Meaning of the values of exported masks, beside them; an import that finds it goes by it."""

_MEANINGS = {
    "value": (
        *(
            "values",
            "pixel value",
            "pixel",
            "gray value",
            "grey value",
            "gray",
            "grey",
            "class id",
            "label id",
        ),
        *("label id", "class index", "id", "index", "number", "wert", "nr", "code"),
    ),
    "name": ("class name", "classname", "class", "label name", "label", "category", "klasse"),
}
NOT_LABELLED = frozenset({"", "not labelled", "not labeled", "unlabelled", "unlabeled", "ignore", "void"})


def read_ids(path: Path, classes: ClassSet) -> Ids:
    """Read the meaning of the pixel values of masks from elsewhere.

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
        If the file cannot be read, lists a value twice, or names a class that the project does not have.
    """
    try:
        if path.suffix.lower() == ".json":
            pairs = _json_pairs(read_text(path))
        else:
            pairs = _table_pairs(read_table(path, _MEANINGS))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file of pixel values; check its path") from error
    except (OSError, ValueError, IndexError, TypeError) as error:
        raise ConfigError(
            f"{path}: cannot be read as pixel value and class name: {error}; write for example "
            f"1,{classes.names[-1]}"
        ) from error
    if not pairs:
        raise ConfigError(f"{path}: names no class; write for example 1,{classes.names[-1]}")
    ids: dict[int, int] = {}
    known = [name.strip().casefold() for name in classes.names]
    for value, name in pairs:
        if value in ids:
            raise ConfigError(f"{path}: lists the value {value} twice; say once what it means")
        if name.casefold() in known:
            ids[value] = known.index(name.casefold()) + 1
        elif name.casefold() in NOT_LABELLED:
            ids[value] = 0
        else:
            raise ConfigError(
                f"{path}: the project has no class {name!r} (for the value {value}); it has "
                f"{', '.join(classes.names)}"
            )
    return ids


def read_names(path: Path, classes: ClassSet) -> dict[str, int]:
    """Read what names (or numbers) of shapes from elsewhere mean: label of each, in small letters.

    Raises
    ------
    ConfigError
        If the file cannot be read, lists a name twice, or names a class that the project does not have.
    """
    try:
        if path.suffix.lower() == ".json":
            listed = json.loads(read_text(path), object_pairs_hook=list)  # a dict would keep the last of two
            pairs = [(str(said), str(meant)) for said, meant in listed]
        else:
            table = read_table(path, _MEANINGS)
            value, name = table.columns.get("value", 0), table.columns.get("name", 1)
            value = 1 - name if value == name else value
            pairs = [(row[value], row[name]) for row in table.rows]
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file of names; check its path") from error
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: cannot be read as name and class name: {error}; mend it") from error
    known = {name.strip().casefold(): index + 1 for index, name in enumerate(classes.names)}
    known |= dict.fromkeys(NOT_LABELLED, 0)
    names: dict[str, int] = {}
    for said, meant in pairs:
        word = said.strip().casefold()
        if word in names:
            raise ConfigError(f"{path}: lists {said.strip()!r} twice; say once what it means")
        if meant.strip().casefold() not in known:
            raise ConfigError(
                f"{path}: the project has no class {meant!r} (for {said!r}); it has "
                f"{', '.join(classes.names)}"
            )
        names[word] = known[meant.strip().casefold()]
    return names


def write_classes(folder: Path, classes: ClassSet) -> None:
    """Write `CLASSES_FILE` for masks of class indices: value, name and colour of each."""
    rows = [("value", "name", "colour")]
    rows += [(str(i), *pair) for i, pair in enumerate(zip(classes.names, classes.colours, strict=True))]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([*rows, (str(IGNORE), "not labelled", REST)])
    write_text(folder / CLASSES_FILE, text.getvalue())


def is_classes_file(path: Path) -> bool:
    """Whether this is the table of values and names that an export writes, or a spreadsheet saved of it."""
    try:
        headings = read_table(path, _MEANINGS).headings
    except (OSError, ConfigError):
        return False
    return [heading.lower() for heading in headings[:2]] == ["value", "name"]


def _json_pairs(text: str) -> list[tuple[int, str]]:
    pairs: list[tuple[str, object]] = json.loads(text, object_pairs_hook=list)  # a dict would keep the last
    return [(int(value), str(name).strip()) for value, name in pairs]


def _table_pairs(table: Table) -> list[tuple[int, str]]:
    value, name, rows = table.columns.get("value", 0), table.columns.get("name", 1), table.rows
    if value == name:  # a heading that may mean both
        name = 1 - value
    if not table.headings and rows and _whole(rows[0][0]) is None:  # headings in other words
        rows = rows[1:]
    pairs = []
    for row in rows:
        number = _whole(row[value])
        if number is None:
            raise ConfigError(
                f"{table.path}, line {row.line}: {row[value]!r} is no pixel value; write a whole number and "
                "the name of its class"
            )
        if len(row.cells) <= name:
            raise ConfigError(
                f"{table.path}, line {row.line}: the class name is missing; write it in column 2"
            )
        pairs.append((number, row[name]))
    return pairs


def _whole(cell: str) -> int | None:
    try:
        number = float(cell.replace(",", "."))
    except ValueError:
        return None
    return int(number) if number.is_integer() else None


def translate(path: Path, values: npt.NDArray[np.integer], ids: Ids, classes: ClassSet) -> Labels:
    """Return the labels that pixel values stand for: uint8, 0 = not labelled, else class index + 1.

    Parameters
    ----------
    path : Path
        Named in errors.
    values : integer array (height, width)
        As they are written in the file.
    ids : mapping of int to int
        Label of each value that has a meaning.
    classes : ClassSet
        Named in errors.

    Raises
    ------
    MaskError
        If there is a value without a meaning.
    """
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
            "not labelled; say what others mean with --ids, or with --binary CLASS if all but 0 is one thing"
        )
    labels: Labels = table[values]
    return labels
