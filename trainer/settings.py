"""Settings of a project, read from `skinseg.toml`: one small model per section, each default written once.

A key that is not a setting is an error, and so is a value out of its range. Forms in the window and `--set`
on the command line are made from these models.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from trainer.options import RECIPE_OPTIONS
from trainer.options.adversarial import AdversarialOptions
from trainer.options.colorization import ColorizationOptions
from trainer.options.consistency import ConsistencyOptions
from trainer.options.fpn import FPNOptions
from trainer.options.multitask import MultiTaskOptions
from trainer.options.project import (
    GateSettings,
    PhotoSettings,
    QueueSettings,
    ServiceSettings,
    SplitSettings,
    WindowSettings,
)
from trainer.options.section import Section
from trainer.options.skinseg import SkinSegOptions
from trainer.options.surrogate import SurrogateOptions
from trainer.options.training import TrainingSettings
from trainer.options.unet import UNetOptions
from trainer.project.errors import ConfigError

__all__ = [
    "GateSettings",
    "PhotoSettings",
    "QueueSettings",
    "ServiceSettings",
    "Settings",
    "SplitSettings",
    "TrainingSettings",
    "WindowSettings",
    "change_settings",
    "load_settings",
    "save_settings",
]

PROJECT_SECTION = "project"
"""The section of skinseg.toml that says what the project is; it belongs to the store, not to the settings."""


class Settings(Section):
    """Everything that can be set in `skinseg.toml`."""

    photos: PhotoSettings = PhotoSettings()
    """How photos are read."""

    splits: SplitSettings = SplitSettings()
    """How groups of photos are shared out."""

    queue: QueueSettings = QueueSettings()
    """Which photo comes next."""

    window: WindowSettings = WindowSettings()
    """How the annotation window behaves."""

    training: TrainingSettings = TrainingSettings()
    """One round of training."""

    gate: GateSettings = GateSettings()
    """When a new model replaces the served one."""

    service: ServiceSettings = ServiceSettings()
    """How the background trainer behaves."""

    skinseg: SkinSegOptions = SkinSegOptions()
    """Options of the recipe skinseg, the default."""

    consistency: ConsistencyOptions = ConsistencyOptions()
    """Options of the recipe consistency."""

    surrogate: SurrogateOptions = SurrogateOptions()
    """Options of the recipe surrogate."""

    colorization: ColorizationOptions = ColorizationOptions()
    """Options of the recipe colorization."""

    adversarial: AdversarialOptions = AdversarialOptions()
    """Options of the recipe adversarial."""

    unet: UNetOptions = UNetOptions()
    """Options of the recipe unet."""

    multitask: MultiTaskOptions = MultiTaskOptions()
    """Options of the recipe multitask."""

    fpn: FPNOptions = FPNOptions()
    """Options of the recipe fpn."""


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
        section, name = _split_key(key, recipe)
        given.add((section, name))
        data.setdefault(section, {})
        if isinstance(data[section], dict):
            data[section][name] = _toml_value(text)
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = "--set" if first["loc"][:2] in given else path
        raise ConfigError(f"{where}: {_first_line(first)}") from error


def save_settings(path: Path, settings: Settings) -> None:
    """Write into a TOML file what differs from the defaults or stands there already; comments stay.

    Raises
    ------
    ConfigError
        If the file that is there is not TOML.
    """
    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
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


def change_settings(path: Path, changes: Mapping[str, Mapping[str, Any]]) -> Settings:
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
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
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
        raise ConfigError(f"{path}: {_first_line(error.errors()[0])}") from error
    _write(path, document)
    return settings


def _write(path: Path, document: tomlkit.TOMLDocument) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(tomlkit.dumps(document), encoding="utf-8")
    os.replace(partial, path)


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML: {error}") from error


def _keys() -> Iterator[tuple[str, str]]:
    for section in Settings.model_fields:
        for name in type(getattr(Settings(), section)).model_fields:
            yield section, name


def chosen_recipe(path: Path, overrides: Mapping[str, str]) -> str:
    """The recipe that these overrides choose, else the file, else the default.

    Raises
    ------
    ConfigError
        If the file is not TOML.
    """
    training = _read_toml(path).get("training")
    written = training.get("recipe") if isinstance(training, dict) else None
    asked = overrides.get("training.recipe") or overrides.get("recipe") or written
    return str(asked or TrainingSettings().recipe)


def _split_key(key: str, recipe: str | None = None) -> tuple[str, str]:
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
    """Whether a recipe has anything to do with a section."""
    return section == recipe or section not in RECIPE_OPTIONS


def _unknown(key: str, recipe: str | None = None) -> str:
    if recipe is not None and "." not in key:
        own = {name: f"{section}.{name}" for section, name in _keys() if _counts_for(section, recipe)}
        if near := difflib.get_close_matches(key, own, n=1, cutoff=0.75):
            return f"unknown setting {key!r}; did you mean {own[near[0]]!r}?"
    dotted = [f"{section}.{name}" for section, name in _keys()]
    sections = ", ".join(Settings.model_fields)
    by_name = {full.rpartition(".")[2]: full for full in dotted}
    near = difflib.get_close_matches(key, [*dotted, *Settings.model_fields], n=1, cutoff=0.5)
    if not near:
        near = [by_name[name] for name in difflib.get_close_matches(key.rpartition(".")[2], by_name, n=1)]
    hint = f"; did you mean {near[0]!r}?" if near else f"; the sections are {sections}"
    return f"unknown setting {key!r}{hint}"


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _first_line(error: ErrorDetails) -> str:
    parts = [str(part) for part in error["loc"]]
    key = ".".join(parts[:2])
    if error["type"] == "extra_forbidden":
        return _unknown(key)
    why = error["msg"].removeprefix("Value error, ")
    return f"the setting {key!r} is {error['input']!r}: {why[:1].lower()}{why[1:]}"
