"""Settings of a project, read from `skinseg.toml`: one small model per section, each default written once.

A key that is not a setting is an error, and so is a value out of its range. Forms in the window and `--set`
on the command line are made from these models.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import tomlkit
from pydantic import ValidationError

from trainer.atomic import write_text
from trainer.errors import ConfigError
from trainer.labels.text_files import read_text
from trainer.settings.keys import error_line, split_key, toml_value
from trainer.settings.model import Settings
from trainer.settings.training import TrainingSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "change_settings",
    "chosen_recipe",
    "load_settings",
    "save_settings",
]

PROJECT_SECTION = "project"
"""The section of skinseg.toml that says what the project is; it belongs to the store, not to the settings."""


def load_settings(
    path: Path, overrides: Mapping[str, str] | None = None, recipe: str | None = None
) -> Settings:
    """Read the settings from a TOML file; one that is not there means the defaults.

    Parameters
    ----------
    path : Path
        The project's `skinseg.toml`. Its section `[project]` is not a setting and is left alone.
    overrides : mapping of str to str, optional
        Keys dotted ("training.lr") or bare where only one section has them ("lr"); values as in TOML,
        quotes may be left out.
    recipe : str, optional
        The one that is asked for: bare keys do not mean sections of others.

    Raises
    ------
    ConfigError
        If the file is not TOML, a key is unknown (the nearest one is named) or a value is not usable.
    """
    data = _read_toml(path)
    data.pop(PROJECT_SECTION, None)
    given = set()
    for key, text in (overrides or {}).items():
        section, name = split_key(key, recipe)
        given.add((section, name))
        data.setdefault(section, {})
        if isinstance(data[section], dict):
            data[section][name] = toml_value(text)
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = "--set" if first["loc"][:2] in given else path
        raise ConfigError(f"{where}: {error_line(first)}") from error


def save_settings(path: Path, settings: Settings) -> None:
    """Write into a TOML file what differs from the defaults or stands there already; comments stay.

    Raises
    ------
    ConfigError
        If the file that is there is not TOML.
    """
    try:
        document = tomlkit.parse(read_text(path)) if path.exists() else tomlkit.document()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML: {error}") from error
    default = Settings().model_dump()
    for section, values in settings.model_dump().items():
        table: Any = document.get(section)
        for name, value in values.items():
            there = table is not None and name in table
            if value == (table[name] if there else default[section][name]):
                continue
            if table is None:
                table = tomlkit.table()
                document[section] = table
            table[name] = value
    _write(path, document)


def change_settings(path: Path, changes: Mapping[str, Mapping[str, object]]) -> Settings:
    """Write single settings into a TOML file; all else that stands there stays, comments too.

    Parameters
    ----------
    path : Path
        The project's `skinseg.toml`.
    changes : mapping of section to mapping of name to value
        None takes a setting out of the file, so that the recipe's own value or the default counts.

    Returns
    -------
    Settings
        As the file says now.

    Raises
    ------
    ConfigError
        If the file cannot be read, or a value is not usable; nothing is written then.
    """
    _read_toml(path)
    document = tomlkit.parse(read_text(path)) if path.exists() else tomlkit.document()
    for section, values in changes.items():
        table: Any = document.setdefault(section, tomlkit.table()) if values else {}
        for name, value in values.items():
            if value is None:
                table.pop(name, None)
            else:
                table[name] = value
    data = document.unwrap()
    data.pop(PROJECT_SECTION, None)
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise ConfigError(f"{path}: {error_line(error.errors()[0])}") from error
    _write(path, document)
    return settings


def _write(path: Path, document: tomlkit.TOMLDocument) -> None:
    write_text(path, tomlkit.dumps(document))


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(read_text(path))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML: {error}") from error


def chosen_recipe(path: Path, overrides: Mapping[str, str]) -> str:
    """Return the recipe that the overrides choose, else the file, else the default.

    Raises
    ------
    ConfigError
        If the file is not TOML.
    """
    training = _read_toml(path).get("training")
    written = training.get("recipe") if isinstance(training, dict) else None
    asked = overrides.get("training.recipe") or overrides.get("recipe") or written
    return str(asked or TrainingSettings().recipe)
