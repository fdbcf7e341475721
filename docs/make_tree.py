"""Write the tree at the end of CONTRIBUTING.md, one line a file, from the files' own first lines.

Run ``python docs/make_tree.py``; ``--check`` only says whether it is up to date.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- tree: python docs/make_tree.py -->\n```\n", "```\n<!-- end of the tree -->\n"
WIDTH = 150


def first_line(file: Path) -> str:
    """First line of a module's docstring."""
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def lines(folder: Path, depth: int = 0) -> Iterator[str]:
    """One line for a room and each of its modules, rooms inside it last."""
    indent = "  " * depth
    yield row(f"{indent}{folder.name}/", first_line(folder / "__init__.py"))
    for file in sorted(folder.glob("*.py")):
        if file.name != "__init__.py":
            yield row(f"{indent}  {file.name}", first_line(file))
    for inner in sorted(path.parent for path in folder.glob("*/__init__.py")):
        yield from lines(inner, depth + 1)


def row(name: str, words: str) -> str:
    """Name and sentence in two columns, cut where a screen ends."""
    text = f"{name:<34}{words}".rstrip()
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def tree() -> str:
    """Return the whole tree as text."""
    return (
        "\n".join(line for package in ("trainer", "napari_skinseg") for line in lines(ROOT / package)) + "\n"
    )


def with_tree(page: str) -> str:
    """Return the page with the tree between its two marks."""
    before, rest = page.split(BEGIN, 1)
    return before + BEGIN + tree() + END + rest.split(END, 1)[1]


def main() -> int:
    """Write the page, or with ``--check`` compare it; 1 where it is out of date."""
    page = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        return int(with_tree(page) != page)
    PAGE.write_text(with_tree(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
