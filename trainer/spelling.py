"""Did-you-mean: the known name nearest to a misspelt one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["closest", "did_you_mean"]


def closest(name: str, known: Iterable[str], cutoff: float = 0.4) -> str | None:
    """Return the known name most like `name`, or None where none is at least `cutoff` (0 to 1) alike."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "did you mean 'x'?", or the list of all known names where none is alike."""
    names = list(known)
    found = closest(name, names)
    return f"there are {', '.join(names)}" if found is None else f"did you mean '{found}'?"
