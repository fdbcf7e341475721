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
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from trainer.options.adversarial import AdversarialOptions
from trainer.options.colorization import ColorizationOptions
from trainer.options.consistency import ConsistencyOptions
from trainer.options.fpn import FPNOptions
from trainer.options.multitask import MultiTaskOptions
from trainer.options.section import Section, Share
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


class PhotoSettings(Section):
    """How photos are read."""

    max_pixels: int = Field(default=178_000_000, ge=1_000_000)
    """Refuse photos with more pixels than this: they are bombs or mistakes."""

    cache_bytes: int = Field(default=4_000_000_000, ge=0)
    """At most this many bytes of decoded photos are kept in the project's cache folder; 0 keeps none."""


class SplitSettings(Section):
    """How groups of photos are shared out at registration. What has been shared out stays."""

    val_share: Share = 0.1
    """Share of the groups used to compare models."""

    test_share: Share = 0.1
    """Share of the groups kept for the final figures; never used to choose anything."""


class QueueSettings(Section):
    """Which photo comes next, and for whom."""

    lease_seconds: float = Field(default=600.0, gt=0)
    """A photo handed to an annotator stays theirs for this long after their last sign of life."""

    random_share: Share = 0.2
    """Share of the photos drawn at random from all splits once a model ranks the others."""

    blind_share: Share = 0.0
    """Share of the photos shown without a suggestion, which measures the model without leading the eye."""

    first_model_after: int = Field(default=4, ge=1)
    """The first model is trained once this many training photos are labelled."""

    predict_ahead: int = Field(default=8, ge=0)
    """Suggestions are made for this many photos at the head of the queue."""


class WindowSettings(Section):
    """How the annotation window behaves."""

    autosave_seconds: float = Field(default=3.0, gt=0, le=60)
    """Unfinished work is put in safety this often."""

    prefetch: int = Field(default=2, ge=0, le=16)
    """So many next photos are decoded ahead."""

    brush_size: int = Field(default=24, ge=1, le=500)
    """Brush diameter on opening, in pixels of the photo."""

    opacity: Share = 0.5
    """Opacity of the annotation on opening."""


class GateSettings(Section):
    """When a new model replaces the served one."""

    margin_fast: float = Field(default=0.01, ge=0)
    """Largest loss of Dice put up with after a fast round."""

    margin_full: float = Field(default=0.005, ge=0)
    """Largest loss of Dice put up with after a full round."""

    class_margin: float = Field(default=0.03, ge=0)
    """Largest sure loss of Dice put up with in any one class."""

    best_margin: float = Field(default=0.02, ge=0)
    """Largest loss of Dice put up with against the best model ever served."""

    bootstrap: int = Field(default=2000, ge=100)
    """Bootstrap samples over groups."""

    min_photos: int = Field(default=5, ge=1)
    """With fewer validation photos a decision is provisional."""

    few_margin: float = Field(default=0.05, ge=0)
    """Largest loss of Dice put up with while the validation photos are that few."""


class ServiceSettings(Section):
    """How the background trainer behaves."""

    poll_seconds: float = Field(default=0.1, gt=0)
    """How often it looks for commands and new masks when idle."""

    heartbeat_seconds: float = Field(default=1.0, gt=0)
    """How often it writes its sign of life."""

    stale_seconds: float = Field(default=4.0, gt=0)
    """Without a sign of life for this long it counts as not running."""

    idle_release_seconds: float = Field(default=300.0, gt=0)
    """The graphics card is given back after this long without work."""

    checkpoint_seconds: float = Field(default=15.0, gt=0)
    """A round writes a checkpoint this often, from which it resumes after a crash."""


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


def load_settings(path: Path, overrides: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from a TOML file; one that is not there means the defaults.

    Parameters
    ----------
    path : Path
        The project's `skinseg.toml`. Its section `[project]` is not a setting and is left alone.
    overrides : mapping of str to str, optional
        Keys dotted ("training.lr") or bare where only one section has them ("lr"); values as in TOML,
        quotes may be left out.

    Raises
    ------
    ConfigError
        If the file is not TOML, a key is unknown (the nearest one is named) or a value is not usable.
    """
    data = _read_toml(path)
    data.pop(PROJECT_SECTION, None)
    given = set()
    for key, text in (overrides or {}).items():
        section, name = _split_key(key)
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


def _split_key(key: str) -> tuple[str, str]:
    found = [(section, name) for section, name in _keys() if key in (name, f"{section}.{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        both = " or ".join(f"{section}.{name}" for section, name in found)
        raise ConfigError(f"the setting {key!r} is not the only one of that name; write {both}")
    raise ConfigError(_unknown(key))


def _unknown(key: str) -> str:
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
