"""Class sets: which classes a project segments, their names, colours and keys.

In memory and in files a pixel is 0 where it is not labelled, and class index + 1 where it is.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.errors import ConfigError
from trainer.labels.text_files import Table, read_table, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CLASS_SETS", "MAX_CLASSES", "ClassSet", "load_class_set"]

MAX_CLASSES = 9
"""One key per class: 1 to 9. The key 0 erases."""

BODY_PARTS = ("face", "hand", "foot", "limb", "trunk", "scalp", "anogenital")
"""Classes that are skin although their names do not say so."""

_TABLES = (".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xls", ".ods")
_MEANINGS = {
    "name": ("names", "class name", "classname", "class", "classes", "label", "category", "klasse"),
    "colour": ("color", "colours", "colors", "hex", "rgb", "farbe"),
    "value": ("id", "index", "pixel value", "number", "class id", "label id", "wert", "nr"),
}
_NOT_LABELLED = 255
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_FIELDS = ("name", "names", "colours", "background", "uncertain", "sensitive")


@dataclass(frozen=True)
class ClassSet:
    """The classes of a project, in the order of their stored values.

    Attributes
    ----------
    name : str
        Name of the set.
    names : tuple of str
        Class names; the index in this tuple is the class index, index + 1 the stored value and the key.
    colours : tuple of str
        One "#rrggbb" per class.
    background : int
        Index of the class that is not skin.
    uncertain : int or None
        Index of the class that says "skin, but cannot be told which", if the set has one.
    sensitive : tuple of int
        Indices of classes that small pictures hide, besides those that `privacy.sensitive` names.
    """

    name: str
    names: tuple[str, ...]
    colours: tuple[str, ...]
    background: int = 0
    uncertain: int | None = None
    sensitive: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _check(self)

    @property
    def count(self) -> int:
        """Number of classes."""
        return len(self.names)

    @property
    def keys(self) -> tuple[str, ...]:
        """The key that picks each class: its stored value."""
        return tuple(str(index + 1) for index in range(self.count))

    @property
    def skin(self) -> tuple[int, ...]:
        """Indices of the classes that count as skin when all is merged into two; uncertain is one of them."""
        return tuple(index for index in range(self.count) if index != self.background)

    @property
    def shows_skin(self) -> bool:
        """Whether the classes but background are skin, of which a tone can be told; a lesion is not."""
        names = [self.names[index].casefold() for index in self.skin]
        return self.uncertain is not None or any("skin" in name or name in BODY_PARTS for name in names)

    @property
    def foreground(self) -> str:
        """Common name of the classes but background: ``skin``, ``lesion``, ``foreground``."""
        if self.count == 2:
            return self.names[self.skin[0]]
        return "skin" if self.shows_skin else "foreground"

    def to_dict(self) -> dict[str, Any]:
        """Plain Python, as written to JSON."""
        plain: dict[str, Any] = {
            "name": self.name,
            "names": list(self.names),
            "colours": list(self.colours),
            "background": self.background,
            "uncertain": self.uncertain,
        }
        if self.sensitive:  # left out where there is none: programs of before do not know it
            plain["sensitive"] = [self.names[index] for index in self.sensitive]
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClassSet:
        """Read the output of `to_dict`, or the content of a class file.

        `colours` may be left out, `background` and `uncertain` may be class names, and `sensitive` is a list
        of them.

        Raises
        ------
        ConfigError
            If a field is unknown or does not make sense.
        """
        for field in data:
            if field not in _FIELDS:
                raise ConfigError(f"class set: unknown field {field!r}; the fields are {', '.join(_FIELDS)}")
        names = data.get("names")
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise ConfigError('class set: `names` must be a list of class names, as names = ["skin", "nail"]')
        colours = data.get("colours") or _SKIN9.colours[: len(names)]
        if not isinstance(colours, list | tuple) or not all(isinstance(colour, str) for colour in colours):
            raise ConfigError('class set: `colours` must be a list of colours, as colours = ["#0072b2", …]')
        background = _index(data.get("background", 0), names, "background")
        return cls(
            name=str(data.get("name", "classes")),
            names=tuple(names),
            colours=tuple(colours),
            background=0 if background is None else background,
            uncertain=_index(data.get("uncertain"), names, "uncertain"),
            sensitive=_indices(data.get("sensitive", ()), names),
        )


def _index(value: object, names: list[str] | tuple[str, ...], field: str) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if value in names:
        return list(names).index(str(value))
    raise ConfigError(f"class set: `{field}` is {value!r}, which is not one of its classes")


def _indices(value: object, names: list[str] | tuple[str, ...]) -> tuple[int, ...]:
    if not isinstance(value, list | tuple):
        raise ConfigError('class set: `sensitive` must be a list of class names, as sensitive = ["face"]')
    found = [_index(name, names, "sensitive") for name in value]
    return tuple(index for index in found if index is not None and 0 <= index < len(names))


def _check(classes: ClassSet) -> None:
    where = f"class set {classes.name!r}"
    if not 2 <= classes.count <= MAX_CLASSES:
        raise ConfigError(f"{where} has {classes.count} classes; use 2 to {MAX_CLASSES}, one per key")
    if any(not name.strip() for name in classes.names):
        raise ConfigError(f"{where} has a class without a name; name each class")
    seen: set[str] = set()
    for name in classes.names:
        if name.casefold() in seen:
            raise ConfigError(f"{where} names the class {name!r} twice; give each class its own name")
        seen.add(name.casefold())
    if len(classes.colours) != classes.count:
        raise ConfigError(f"{where} has {classes.count} classes but {len(classes.colours)} colours")
    for colour in classes.colours:
        if not _COLOUR.fullmatch(colour):
            raise ConfigError(f"{where} has the colour {colour!r}; write colours as #rrggbb")
    if len({colour.lower() for colour in classes.colours}) != classes.count:
        raise ConfigError(f"{where} uses one colour twice; give each class its own colour")
    if not 0 <= classes.background < classes.count:
        raise ConfigError(f"{where}: background is {classes.background}; use 0 to {classes.count - 1}")
    if classes.uncertain is not None and (
        not 0 <= classes.uncertain < classes.count or classes.uncertain == classes.background
    ):
        raise ConfigError(f"{where}: uncertain must be the index of a class other than the background")


_SKIN9 = ClassSet(
    name="skin9",
    names=("background", "uncertain", *BODY_PARTS),
    # tools/palette.py found them: blended over any tone of skin as the window draws rims, any two are 11.8 or
    # more apart (CIE76) for normal, red-, green- and blue-blind eyes, and so is each from bare skin, calm or
    # reddened; 16.7 for normal eyes alone. By themselves, as outlines are drawn, 25.
    colours=(
        "#0a009b",
        "#9599bd",
        "#39fd0b",
        "#25adfa",
        "#0e5cca",
        "#b7fe7f",
        "#8103fd",
        "#de2800",
        "#9e006d",
    ),
    background=0,
    uncertain=1,
)

CLASS_SETS: dict[str, ClassSet] = {
    "skin9": _SKIN9,
    "lesion": ClassSet("lesion", ("background", "lesion"), ("#0a009b", "#25adfa")),
    "podocyte": ClassSet(
        "podocyte",
        ("background", "glomeruli", "podocyte", "non-podocyte"),
        ("#0a009b", "#25adfa", "#de2800", "#39fd0b"),
    ),
}
"""The sets that come with the package."""


def load_class_set(name_or_path: str | Path) -> ClassSet:
    """Return a class set by its name, or read one from a TOML, JSON or CSV file.

    Raises
    ------
    ConfigError
        If there is no such set or file, or the file does not describe a class set.
    """
    if str(name_or_path) in CLASS_SETS:
        return CLASS_SETS[str(name_or_path)]
    path = Path(name_or_path)
    if not path.is_file():
        known = ", ".join(CLASS_SETS)
        raise ConfigError(
            f"no class set {str(name_or_path)!r}: use {known}, or the path of a TOML, JSON or CSV file"
        )
    try:
        kind = path.suffix.lower()
        if kind == ".json":
            data = json.loads(read_text(path))
        elif kind in _TABLES:
            data = _of_table(read_table(path, _MEANINGS))
        else:
            data = tomllib.loads(read_text(path).replace("\r\n", "\n"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read as a class set: {error}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: a class file holds name, names and colours, not {type(data).__name__}")
    try:
        return ClassSet.from_dict({"name": path.stem, **data})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _of_table(table: Table) -> dict[str, Any]:
    """Return the fields of a class file from a table of names, one class a row, in order or by value."""
    name = table.columns.get("name", 0)
    rows = table.rows
    if "value" in table.columns:
        numbered = [(row[table.columns["value"]], row) for row in rows]
        wrong = next((row for text, row in numbered if not text.isdecimal()), None)
        if wrong is not None:
            raise ConfigError(f"{table.path}, line {wrong.line}: the value must be a whole number from 0 on")
        order = sorted((int(text), row.line, row) for text, row in numbered if int(text) != _NOT_LABELLED)
        rows = [row for _, _, row in order]
    if not rows:
        raise ConfigError(f"{table.path}: names no class; write one in each row, under the heading name")
    data: dict[str, Any] = {"names": [row[name] for row in rows]}
    if "colour" in table.columns:
        data["colours"] = [row[table.columns["colour"]] for row in rows]
    return data
