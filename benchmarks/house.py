"""Figures of the house, read from its sources: sizes, comments, docstrings, import circles and ``Any``.

``python -m benchmarks.house`` prints one column per package. It measures code, not speed; `make bench` leaves
it out.
"""

from __future__ import annotations

import ast
import io
import re
import statistics
import sys
import tokenize
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PACKAGES = ("trainer", "napari_skinseg")
LONG_FUNCTION = 60
"""Lines beyond which a function is listed."""
QUESTION = re.compile(r"(what|how|which|where|who|whose)\b", re.IGNORECASE)
"""Beginnings of a docstring that ask where they should name."""
PRAGMA = re.compile(r"#\s*(noqa|type:|fmt:|pragma|!)")
"""Comments for tools."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One file of a package."""

    path: Path
    tree: ast.Module
    lines: int
    code_lines: int
    comments: int
    anys: int

    @classmethod
    def read(cls, path: Path) -> Source:
        """Parse a file, and count what only tokens tell."""
        text = path.read_text(encoding="utf-8")
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
        words = [t for t in tokens if t.type != tokenize.COMMENT and t.string.strip()]
        code = {n for t in words for n in range(t.start[0], t.end[0] + 1)}
        tree = ast.parse(text)
        for node in ast.walk(tree):  # a docstring is no code
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                code -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        comments = sum(t.type == tokenize.COMMENT and not PRAGMA.match(t.string) for t in tokens)
        anys = sum(t.type == tokenize.NAME and t.string == "Any" for t in tokens)
        return cls(path, tree, len(text.splitlines()), len(code), comments, anys)

    @property
    def module(self) -> str:
        """Name of the module, or of the package an ``__init__`` stands for."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def docstrings(self) -> Iterator[str]:
        """First lines of the docstrings of the module, its classes and its functions."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Module | ast.ClassDef | Function) and (text := ast.get_docstring(node)):
                yield text.splitlines()[0]

    def long_functions(self) -> Iterator[str]:
        """Functions beyond LONG_FUNCTION lines, with their size."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > LONG_FUNCTION:
                    yield f"{self.module}.{node.name} ({size})"

    def imports(self, modules: set[str]) -> set[str]:
        """Modules of the house that this one imports, also inside functions and for types."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                inside = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= inside & modules or {node.module} & modules
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names} & modules
        return found - {self.module}


def circles(sources: list[Source]) -> list[str]:
    """List import circles, cutting each open to find the next."""
    modules = {source.module for source in sources}
    graph = {source.module: source.imports(modules) for source in sources}
    found = []
    while True:
        try:
            tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = error.args[1]  # each is imported by the next
            graph[circle[1]].discard(circle[0])
            found.append(" <- ".join(circle))
        else:
            return found


def figures(package: str) -> tuple[dict[str, str], list[str]]:
    """Measure one package.

    Returns
    -------
    dict
        Figures by their names.
    list of str
        Long functions and circles, one line each.
    """
    sources = [Source.read(path) for path in sorted((ROOT / package).rglob("*.py"))]
    sizes = [source.lines for source in sources if source.path.name != "__init__.py"]
    largest = max(sources, key=lambda source: source.lines)
    code, lines = (sum(getattr(s, name) for s in sources) for name in ("code_lines", "lines"))
    comments, anys = (sum(getattr(s, name) for s in sources) for name in ("comments", "anys"))
    docs = [line for source in sources for line in source.docstrings()]
    asking = sum(bool(QUESTION.match(line)) for line in docs)
    long = [name for source in sources for name in source.long_functions()]
    round_trips = circles(sources)
    values = {
        "files": str(len(sizes)),
        "lines of a file, median": f"{statistics.median(sizes):.0f}",
        "largest file": f"{largest.lines} {largest.path.relative_to(ROOT / package)}",
        f"functions over {LONG_FUNCTION} lines": str(len(long)),
        "comments per 100 lines of code": f"{100 * comments / code:.1f}",
        "docstrings that begin with a question": f"{100 * asking / len(docs):.1f} %",
        "flat modules": str(len(list((ROOT / package).glob("*.py")))),
        "import circles": str(len(round_trips)),
        "Any per 1,000 lines": f"{1000 * anys / lines:.1f} ({anys})",
    }
    return values, [*long, *round_trips]


def main() -> int:
    """Print the table, and below it what there is to shorten or to cut."""
    columns, remarks = zip(*(figures(package) for package in PACKAGES), strict=True)
    print(f"{'':40}" + "".join(f"{package:32}" for package in PACKAGES))
    for name in columns[0]:
        print(f"{name:40}" + "".join(f"{column[name]:32}" for column in columns))
    for remark in (line for lines in remarks for line in lines):
        print(f"  {remark}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
