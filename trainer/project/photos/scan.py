"""Groups and splits of photos, by their names alone."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.errors import ConfigError
from trainer.labels.text_files import Table, read_table
from trainer.project.photo import composed
from trainer.project.states import SPLITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "GroupRow",
    "GroupTable",
    "check_splits",
    "draw_of",
    "group_rule",
    "split_of",
]

_BIG = 2.0**64
_TABLES = (".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xls", ".ods")
_MEANINGS = {
    "photo": (
        *("photo id", "photo path", "photo name", "photos", "image", "image id", "image path", "image name"),
        *("images", "img", "isic id", "file", "file name", "filename", "file path", "filepath", "path"),
        *("relpath", "name", "foto", "bild", "id"),
    ),
    "group": (
        *("groups", "group id", "patient", "patient id", "patientid", "pid", "subject", "subject id"),
        *("person", "person id", "participant", "participant id", "case", "case id", "visit", "lesion id"),
    ),
    "split": ("splits", "set", "subset", "partition", "usage", "fold"),
}
_SPLIT_WORDS = {
    **dict.fromkeys(("training", "trn", "learn"), "train"),
    **dict.fromkeys(("validation", "valid", "validate"), "val"),
    **dict.fromkeys(("testing", "tst", "holdout"), "test"),
}


def draw_of(salt: str, name: str) -> int:
    """Return a photo's place in the random order: 63 bits of a salted hash."""
    return int.from_bytes(hashlib.blake2b(f"{salt}/draw/{name}".encode(), digest_size=8).digest()) >> 1


def split_of(salt: str, group: str, val_share: float, test_share: float) -> str:
    """Return the split of a group, from a salted hash: the same today and in a year, on every machine."""
    digest = hashlib.blake2b(f"{salt}/split/{group}".encode(), digest_size=8).digest()
    place = int.from_bytes(digest) / _BIG
    if place < val_share:
        return "val"
    return "test" if place < val_share + test_share else "train"


@dataclass(frozen=True)
class GroupRow:
    """One line of a groups file."""

    line: int
    photo: str
    group: str
    split: str | None


class GroupTable:
    """A table with the columns photo (stem, file name or relative path), group and, if wanted, split.

    As spreadsheets save it: see `read_table`. Headings count by their meaning (`image`, `patient`, `set`).

    Raises
    ------
    ConfigError
        If the file cannot be read, a column is missing, a photo stands in two rows, or a group stands in
        two splits; the message names the file and the line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[GroupRow] = []
        self.splits: dict[str, str] = {}
        try:
            self._read(read_table(path, _MEANINGS))
        except FileNotFoundError as error:
            raise ConfigError(f"{path}: there is no such groups file; check its path") from error
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error

    def _read(self, table: Table) -> None:
        places = table.columns
        for column in ("photo", "group"):
            if column not in places:
                seen = table.headings or (table.rows[0].cells if table.rows else ())
                there = f" among {', '.join(seen)}" if any(seen) else ""
                raise ConfigError(
                    f"{self.path}, line 1: no column {column!r}{there}; use photo, group[, split]"
                )
        before: dict[str, int] = {}
        for row in table.rows:
            line, photo, group = row.line, row[places["photo"]], row[places["group"]]
            photo = photo.replace("\\", "/").removeprefix("./")
            split = _SPLIT_WORDS.get(said := row[places.get("split")].lower(), said) or None
            if not photo or not group:
                raise ConfigError(f"{self.path}, line {line}: photo and group must both be filled in")
            if photo in before:
                raise ConfigError(
                    f"{self.path}, line {line}: the photo {photo!r} stands in line {before[photo]} already; "
                    "keep one of them"
                )
            before[photo] = line
            self._split(line, group, split)
            self.rows.append(GroupRow(line, photo, group, split))

    def _split(self, line: int, group: str, split: str | None) -> None:
        if split is None:
            return
        if split not in SPLITS:
            raise ConfigError(f"{self.path}, line {line}: split is {split!r}; use train, val or test")
        if self.splits.setdefault(group, split) != split:
            raise ConfigError(
                f"{self.path}, line {line}: the group {group!r} is in {split} here and in "
                f"{self.splits[group]} before; one group has one split"
            )

    def assign(self, photos: Sequence[str]) -> dict[str, GroupRow]:
        """Match the rows with relative paths of photos.

        Raises
        ------
        ConfigError
            If a row names no photo, or more than one, or two rows name the same photo.
        """
        by_name: dict[str, list[str]] = {}
        wanted = {composed(row.photo) for row in self.rows}
        for photo in photos:
            whole = composed(photo)
            name = whole.rpartition("/")[2]
            for key in {whole, name, os.path.splitext(name)[0]} & wanted:
                by_name.setdefault(key, []).append(photo)
        found: dict[str, GroupRow] = {}
        for row in self.rows:
            matches = by_name.get(composed(row.photo), [])
            matches = [photo for photo in matches if composed(photo) == composed(row.photo)] or matches
            where = f"{self.path}, line {row.line}"
            if not matches:
                raise ConfigError(f"{where}: there is no photo {row.photo!r}{_with_zeros(row.photo, photos)}")
            if len(matches) > 1:
                raise ConfigError(
                    f"{where}: {row.photo!r} is the name of {len(matches)} photos; "
                    f"write the relative path, as {matches[0]}"
                )
            if matches[0] in found:
                raise ConfigError(f"{where}: {row.photo!r} stands in line {found[matches[0]].line} already")
            found[matches[0]] = row
        return found


def _with_zeros(name: str, photos: Sequence[str]) -> str:
    """Say which photo a number may mean, since spreadsheets drop zeros in front."""
    stems = [os.path.splitext(photo.rpartition("/")[2])[0] for photo in photos]
    same = [stem for stem in stems if name.isdecimal() and stem.isdecimal() and int(stem) == int(name)]
    return f"; is {same[0]} meant, whose zeros a spreadsheet dropped?" if same else "; mend the name"


def group_rule(groups: str | Path | None) -> Callable[[str], str | None] | GroupTable:
    """Return the rule that gives a photo its group.

    Parameters
    ----------
    groups : str, Path or None
        A CSV file, or a regular expression on the relative path whose first bracket (or whole match) is
        the group. None: each photo is a group of its own.

    Raises
    ------
    ConfigError
        If the file or the expression is not usable.
    """
    if groups is None:
        return lambda _name: None
    if isinstance(groups, Path) or groups.lower().endswith(_TABLES) or os.path.isfile(groups):
        return GroupTable(Path(groups))
    try:
        pattern = re.compile(groups)
    except re.error as error:
        raise ConfigError(f"groups {groups!r} is no regular expression: {error}") from error

    def group(name: str) -> str | None:
        found = pattern.search(name)
        if found is None:
            return None
        return (found.group(1) if pattern.groups else found.group(0)) or None

    return group


def check_splits(table: GroupTable, known: Mapping[str, str]) -> None:
    """Refuse a groups file that moves a group of the project into another split.

    Raises
    ------
    ConfigError
        Naming the file and the line.
    """
    for row in table.rows:
        before = known.get(row.group)
        if row.split is not None and before is not None and before != row.split:
            raise ConfigError(
                f"{table.path}, line {row.line}: the group {row.group!r} is in {before} already; "
                "a group keeps its split"
            )
