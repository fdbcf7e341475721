"""Groups and splits of photos, by their names alone."""

from __future__ import annotations

import csv
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "SPLITS",
    "GroupRow",
    "GroupTable",
    "check_splits",
    "draw_of",
    "group_rule",
    "split_of",
]

SPLITS = ("train", "val", "test")
_BIG = 2.0**64


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
    """A CSV file with the columns photo (stem, file name or relative path), group and, if wanted, split.

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
            with path.open(newline="", encoding="utf-8-sig") as file:
                self._read(csv.DictReader(file))
        except FileNotFoundError as error:
            raise ConfigError(f"{path}: there is no such groups file") from error
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ConfigError(f"{path}: cannot be read as CSV: {error}") from error

    def _read(self, reader: csv.DictReader[str]) -> None:
        columns = reader.fieldnames or []
        for column in ("photo", "group"):
            if column not in columns:
                raise ConfigError(f"{self.path}, line 1: no column {column!r}; use photo, group[, split]")
        seen: dict[str, int] = {}
        for values in reader:
            line = reader.line_num
            photo, group = (values["photo"] or "").strip(), (values["group"] or "").strip()
            split = (values.get("split") or "").strip() or None
            if not photo or not group:
                raise ConfigError(f"{self.path}, line {line}: photo and group must both be filled in")
            if photo in seen:
                raise ConfigError(
                    f"{self.path}, line {line}: the photo {photo!r} stands in line {seen[photo]} already"
                )
            seen[photo] = line
            self._split(line, group, split)
            self.rows.append(GroupRow(line, photo.replace("\\", "/"), group, split))

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
        wanted = {row.photo for row in self.rows}
        for photo in photos:
            name = photo.rpartition("/")[2]
            for key in {photo, name, os.path.splitext(name)[0]} & wanted:
                by_name.setdefault(key, []).append(photo)
        found: dict[str, GroupRow] = {}
        for row in self.rows:
            matches = by_name.get(row.photo, [])
            if row.photo in matches:
                matches = [row.photo]
            where = f"{self.path}, line {row.line}"
            if not matches:
                raise ConfigError(f"{where}: there is no photo {row.photo!r}")
            if len(matches) > 1:
                raise ConfigError(
                    f"{where}: {row.photo!r} is the name of {len(matches)} photos; "
                    f"write the relative path, as {matches[0]}"
                )
            if matches[0] in found:
                raise ConfigError(f"{where}: {row.photo!r} stands in line {found[matches[0]].line} already")
            found[matches[0]] = row
        return found


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
    if isinstance(groups, Path) or groups.lower().endswith(".csv") or os.path.isfile(groups):
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
