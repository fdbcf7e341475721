"""Things by name, and did-you-mean: the known name nearest to a misspelt one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, TypeVar

from trainer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["closest", "did_you_mean", "named"]

T = TypeVar("T")


def named(kind: str, name: str, known: Mapping[str, T]) -> T:
    """Return the thing of that name.

    Raises
    ------
    ConfigError
        None of that name; the nearest is named, or all are.
    """
    if name not in known:
        raise ConfigError(f"there is no {kind} named '{name}'; {did_you_mean(name, sorted(known))}")
    return known[name]


def closest(name: str, known: Iterable[str], cutoff: float = 0.4) -> str | None:
    """Return the known name most like `name`, or None where none is at least `cutoff` (0 to 1) alike."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "did you mean 'x'?", or the list of all known names where none is alike."""
    names = list(known)
    found = closest(name, names)
    return f"there are {', '.join(names)}" if found is None else f"did you mean '{found}'?"
