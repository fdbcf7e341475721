"""Dotted and bare keys of settings, as --set takes them, and the errors of unknown ones."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from trainer.errors import ConfigError
from trainer.settings.model import Settings
from trainer.settings.recipes import RECIPE_OPTIONS
from trainer.spelling import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails


def _keys() -> Iterator[tuple[str, str]]:
    for section in Settings.model_fields:
        for name in type(getattr(Settings(), section)).model_fields:
            yield section, name


def split_key(key: str, recipe: str | None = None) -> tuple[str, str]:
    """Return section and name of a key, dotted or bare.

    Raises
    ------
    ConfigError
        If there is none, or a bare key stands in more than one section that counts for the recipe.
    """
    found = [(section, name) for section, name in _keys() if key in (name, f"{section}.{name}")]
    if len(found) > 1 and recipe is not None:
        found = [(section, name) for section, name in found if _counts_for(section, recipe)] or found
    if len(found) == 1:
        return found[0]
    if found:
        both = " or ".join(f"{section}.{name}" for section, name in found)
        raise ConfigError(f"the setting {key!r} is not the only one of that name; write {both}")
    raise ConfigError(_unknown(key, recipe))


def _counts_for(section: str, recipe: str) -> bool:
    """Return whether a recipe has anything to do with a section."""
    return section == recipe or section not in RECIPE_OPTIONS


def _unknown(key: str, recipe: str | None = None) -> str:
    if recipe is not None and "." not in key:
        own = {name: f"{section}.{name}" for section, name in _keys() if _counts_for(section, recipe)}
        if same := closest(key, own, cutoff=0.75):
            return f"unknown setting {key!r}; did you mean {own[same]!r}?"
    dotted = [f"{section}.{name}" for section, name in _keys()]
    sections = ", ".join(Settings.model_fields)
    by_name = {full.rpartition(".")[2]: full for full in dotted}
    near = closest(key, [*dotted, *Settings.model_fields], cutoff=0.5)
    if near is None and (bare := closest(key.rpartition(".")[2], by_name, cutoff=0.6)):
        near = by_name[bare]
    hint = f"; did you mean {near!r}?" if near else f"; the sections are {sections}"
    return f"unknown setting {key!r}{hint}"


def toml_value(text: str) -> object:
    """Return the value of a text as TOML reads it; what is no TOML is text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def error_line(error: ErrorDetails) -> str:
    """Return one line for people on what is wrong with a setting."""
    parts = [str(part) for part in error["loc"]]
    key = ".".join(parts[:2])
    if error["type"] == "extra_forbidden":
        return _unknown(key)
    why = error["msg"].removeprefix("Value error, ")
    return f"the setting {key!r} is {error['input']!r}: {why[:1].lower()}{why[1:]}"
