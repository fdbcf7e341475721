"""Text and tables as spreadsheets and editors save them: any encoding, separator and line end, one reader."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Row", "Table", "read_table", "read_text"]

_MARKS = (  # the longer first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATORS = ",;\t|"
Words = tuple[str, ...]
_WORKBOOKS = {b"PK\x03\x04": "a workbook", b"\xd0\xcf\x11\xe0": "an old workbook", b"%PDF": "a PDF"}
_PROBED = 25
"""Lines by which a separator is found."""


@dataclass(frozen=True)
class Row:
    """One row of a table: the line it ends on, counted from 1, and its cells, stripped."""

    line: int
    cells: tuple[str, ...]

    def __getitem__(self, column: int | None) -> str:
        return self.cells[column] if column is not None and column < len(self.cells) else ""


@dataclass(frozen=True)
class Table:
    """A table as it was understood.

    Attributes
    ----------
    path : Path
        Its file.
    headings : tuple of str
        As they stand in its first row; empty where that holds values already.
    columns : dict of str to int
        Place of each column whose meaning was recognised.
    rows : list of Row
        All that are not empty.
    """

    path: Path
    headings: tuple[str, ...]
    columns: dict[str, int]
    rows: list[Row]


def read_text(path: Path) -> str:
    """Read a text file in the encoding it has: by its mark, else UTF-16 by its zeros, UTF-8, or Windows' own.

    Raises
    ------
    OSError
        If it cannot be read.
    ConfigError
        If it is no text.
    """
    content = path.read_bytes()
    for magic, kind in _WORKBOOKS.items():
        if content.startswith(magic):
            raise ConfigError(f"{path}: is {kind}, not text; save it as CSV and name that file")
    for mark, name in _MARKS:
        if content.startswith(mark):
            return _decoded(path, content, name)
    even, odd = content[:2000:2].count(0), content[1:2000:2].count(0)
    if max(even, odd) * 4 > len(content[:2000]):
        return _decoded(path, content, "utf-16-be" if even > odd else "utf-16-le")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return _decoded(path, content, "cp1252")


def _decoded(path: Path, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is no text in {encoding}; save it as CSV in UTF-8") from error


def read_table(path: Path, meanings: Mapping[str, Words]) -> Table:
    """Read a table: commas, semicolons, tabs or bars, quoted or not, with headings or without.

    Parameters
    ----------
    path : Path
        The file.
    meanings : mapping of str to tuple of str
        For each column the other headings that mean it, the likeliest first, in small letters and with
        spaces between words.

    Raises
    ------
    OSError
        If it cannot be read.
    ConfigError
        If it is no table of text, two columns have one heading, or a row is wider than the headings.
    """
    text = read_text(path)
    if "\0" in text:
        raise ConfigError(f"{path}: holds zero bytes and is no text; save it as CSV in UTF-8")
    first, _, rest = text.partition("\n")
    separators, offset = _SEPARATORS, 0
    if first.lower().startswith("sep=") and len(first.strip()) == 5:  # what Excel writes for itself
        text, separators, offset = rest, first.strip()[4:], 1
    found = [(_fit(text, mark, meanings), -place, mark) for place, mark in enumerate(separators)]
    rows = [Row(row.line + offset, row.cells) for row in _parse(path, text, max(found)[2])]
    columns = _columns(rows[0].cells, meanings) if rows else {}
    headings = rows[0].cells if columns else ()
    _check_headings(path, headings, columns, rows)
    return Table(path, headings, columns, rows[1:] if columns else rows)


def _fit(text: str, separator: str, meanings: Mapping[str, Words]) -> tuple[int, float]:
    """Tell how well a separator fits: the headings it makes, and the share of rows that are as wide."""
    lines = "\n".join(text.split("\n", _PROBED)[:_PROBED])
    try:
        rows = [row for row in csv.reader(io.StringIO(lines), delimiter=separator) if any(row)]
    except csv.Error:
        return 0, 0.0
    widths = [len(row) for row in rows if len(row) > 1]
    if not widths:
        return len(_columns(tuple(rows[0]), meanings)) if rows else 0, 0.0
    usual = max(set(widths), key=widths.count)
    return len(_columns(tuple(rows[0]), meanings)), widths.count(usual) / len(rows)


def _parse(path: Path, text: str, separator: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    rows = []
    try:
        for cells in reader:
            plain = tuple(_plain(cell) for cell in cells)
            if any(plain):
                rows.append(Row(reader.line_num, plain))
    except csv.Error as error:
        raise ConfigError(
            f"{path}, line {reader.line_num}: cannot be read as a table: {error}; save it as CSV anew"
        ) from error
    return rows


def _check_headings(path: Path, headings: Words, columns: Mapping[str, int], rows: list[Row]) -> None:
    for place in columns.values():
        if headings.count(headings[place]) > 1:
            raise ConfigError(
                f"{path}, line {rows[0].line}: two columns are headed {headings[place]!r}; rename one"
            )
    for row in rows if headings else []:
        if any(row.cells[len(headings) :]):
            raise ConfigError(
                f"{path}, line {row.line}: has {len(row.cells)} cells under {len(headings)} headings; write "
                'a cell that holds a comma in quotes, as "1,5", or give each column a heading'
            )


def _plain(cell: str) -> str:
    cell = cell.strip().strip("\ufeff\u00a0").strip()
    if cell.startswith('="') and cell.endswith('"'):  # so that a spreadsheet keeps a number's zeros
        cell = cell[2:-1]
    return cell


def _columns(cells: tuple[str, ...], meanings: Mapping[str, Words]) -> dict[str, int]:
    said = [" ".join(re.split(r"[\s_.-]+", _plain(cell).lower())) for cell in cells]
    found: dict[str, int] = {}
    for name, words in meanings.items():
        place = next((said.index(word) for word in (name, *words) if word in said), None)
        if place is not None and place not in found.values():
            found[name] = place
    return found
