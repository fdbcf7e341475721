"""Reply of a command: one JSON object for programs, a few lines for people."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated
from unicodedata import category

import typer
from rich.markup import escape
from rich.table import Table

from trainer.evaluation.json_values import json_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
IdsOption = Annotated[str | None, typer.Option(help="JSON or CSV file: pixel value to class name.")]
BinaryOption = Annotated[
    str | None,
    typer.Option(
        metavar="CLASS", help="For masks of one thing: all pixels but 0 are this class, 0 is background."
    ),
]
ProjectArgument = Annotated[
    str, typer.Argument(metavar="DIR", help="The project folder.", show_default=False)
]


@dataclass(frozen=True)
class Reply:
    """Reply of a command that did its work (bad input raises `SkinsegError` instead)."""

    data: Mapping[str, object]
    """The JSON object."""
    lines: list[str | Table] = field(default_factory=list)
    """The same for a reader on a terminal, in rich's markup."""
    code: int = 0

    def to_json(self) -> str:
        """Write the JSON object as text."""
        return json.dumps(json_value(self.data), allow_nan=False)

    def show(self, console: Console) -> None:
        """Print the lines."""
        for line in self.lines:
            shown = printable(line) if isinstance(line, str) else line
            console.print(shown, highlight=False, soft_wrap=isinstance(line, str))


def printable(text: str) -> str:
    """Spell out what would break a line or cannot be written: names of files may hold anything."""
    return "".join(c if category(c) not in ("Cc", "Cs", "Cf") else ascii(c)[1:-1] for c in text)


def listed(lines: list[str], most: int = 20) -> list[str]:
    """Shorten a list to its first lines and a count of the others."""
    left = len(lines) - most
    return [escape(line) for line in lines[:most]] + ([f"  and {left:,} more"] if left > 0 else [])


def table(*columns: str, rows: list[list[str]], title: str | None = None) -> Table:
    """Make a plain table; columns of numbers stand right."""
    built = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for index, name in enumerate(columns):
        words = any(row[index][:1].isalpha() for row in rows)
        built.add_column(name, justify="left" if words else "right", overflow="fold")
    for row in rows:
        built.add_row(*row)
    return built
