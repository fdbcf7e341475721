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
from typing import Annotated, Any, Literal

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

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
    "load_settings",
    "save_settings",
]

PROJECT_SECTION = "project"
"""The section of skinseg.toml that says what the project is; it belongs to the store, not to the settings."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]
SmallStep = {"step": 1e-4}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


class PhotoSettings(_Section):
    """How photos are read."""

    max_pixels: int = Field(default=178_000_000, ge=1_000_000)
    """Refuse photos with more pixels than this: they are bombs or mistakes."""

    cache_bytes: int = Field(default=4_000_000_000, ge=0)
    """At most this many bytes of decoded photos are kept in the project's cache folder; 0 keeps none."""


class SplitSettings(_Section):
    """How groups of photos are shared out at registration. What has been shared out stays."""

    val_share: Share = 0.1
    """Share of the groups used to compare models."""

    test_share: Share = 0.1
    """Share of the groups kept for the final figures; never used to choose anything."""


class QueueSettings(_Section):
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


class WindowSettings(_Section):
    """How the annotation window behaves."""

    autosave_seconds: float = Field(default=3.0, gt=0, le=60)
    """Unfinished work is put in safety this often."""

    prefetch: int = Field(default=2, ge=0, le=16)
    """So many next photos are decoded ahead."""

    brush_size: int = Field(default=24, ge=1, le=500)
    """Brush diameter on opening, in pixels of the photo."""

    opacity: Share = 0.5
    """Opacity of the annotation on opening."""


class TrainingSettings(_Section):
    """One round of training. `auto` means: what suits the device, see trainer/plan.py."""

    recipe: str = "skinseg"
    """The method: a file in trainer/recipes."""

    init: str = "scratch"
    """Starting weights of a full round: scratch, colorization, imagenet, or a path."""

    arch: str = "deeplabv3plus"
    """Network architecture."""

    encoder: str = "auto"
    """Encoder of the network; auto picks one for the device."""

    long_side: int | Literal["auto", "native"] = "auto"
    """Photos are scaled so that their long side has this many pixels; native leaves them as they are."""

    size: int | Literal["auto"] = "auto"
    """Side of a training crop, in pixels."""

    batch: int | Literal["auto"] = "auto"
    """Crops per step, at least 2."""

    lr: Annotated[float, Field(gt=0, json_schema_extra=SmallStep)] | Literal["auto"] = "auto"
    """Highest learning rate of a round that starts anew."""

    weight_decay: Annotated[float, Field(ge=0, json_schema_extra=SmallStep)] = 1e-2
    """Weight decay of AdamW."""

    fast_lr_factor: float = Field(default=0.3, gt=0, le=1)
    """Learning rate of a fast round as a share of `lr`, once a model has had the steps of a full round."""

    warmup: Share = 0.1
    """Share of the steps over which the learning rate rises; after that it falls along a cosine."""

    dropout: Share = 0.1
    """Dropout before the decoder; 0.5, as in the paper, is for trainings of many thousand steps."""

    clip: float = Field(default=1.0, gt=0)
    """Largest norm of the gradient."""

    steps_fast: int | Literal["auto"] = "auto"
    """Steps of a fast round."""

    steps_full: int | Literal["auto"] = "auto"
    """Steps of a full round, and of a batch run that names none."""

    ema: float = Field(default=0.99, ge=0, lt=1)
    """Decay of the averaged weights, which are the ones evaluated and served."""

    dice_weight: float = Field(default=1.0, ge=0)
    """Weight of the Dice loss beside the cross-entropy."""

    uncertain_weight: float = Field(default=0.5, ge=0)
    """Weight of the class uncertain in the cross-entropy."""

    class_balanced: Share = 0.5
    """Share of the crops centred on a class drawn by rarity; the others lie anywhere inside a photo."""

    newest_share: Share = 0.5
    """Share of a fast round's crops from photos the served model has not learnt from."""

    augment: bool = True
    """Flip, rotate, zoom and recolour the crops."""

    vertical_flip: bool = False
    """Also turn crops upside down: for photos without an up, such as close-ups."""

    rotate: float = Field(default=20.0, ge=0, le=180)
    """Largest rotation, in degrees."""

    zoom: float = Field(default=1.4, ge=1, le=4)
    """Largest magnification; the smallest is its inverse."""

    colour: Share = 0.25
    """How far brightness, contrast and saturation may change."""

    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """Arithmetic: bf16-mixed where the graphics card has it, else 32-true."""

    threads: int = Field(default=0, ge=0)
    """CPU threads; 0 takes all, in the background all but one."""

    seed: int = Field(default=0, ge=0)
    """Seed of a round."""

    @field_validator("batch", "long_side", "size", "steps_fast", "steps_full")
    @classmethod
    def _large_enough(cls, value: int | str, info: ValidationInfo) -> int | str:
        smallest = {"batch": 2, "long_side": 32, "size": 32}.get(info.field_name or "", 1)
        if isinstance(value, int) and value < smallest:
            raise ValueError(f"must be {smallest} or more")
        return value


class GateSettings(_Section):
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


class ServiceSettings(_Section):
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


class Settings(_Section):
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
