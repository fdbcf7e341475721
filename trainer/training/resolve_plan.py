"""Settings with every `auto` resolved for a device and a lane."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from trainer.errors import ConfigError
from trainer.networks.encoders import encoder_for
from trainer.networks.pretrained import choose_init, passed_over
from trainer.recipes.registry import find_recipe
from trainer.settings.plan import Lane, Plan

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.settings.model import Settings
    from trainer.settings.training import TrainingSettings


@dataclass(frozen=True)
class DeviceDefaults:
    """Sizes, steps and rate that suit a kind of device; measured in benchmarks/ and docs/experiments.md."""

    long_side: int
    size: int
    batch: int
    steps_fast: int
    steps_full: int
    lr: float


DEVICE_DEFAULTS = {
    "cpu": DeviceDefaults(long_side=160, size=128, batch=8, steps_fast=80, steps_full=400, lr=3e-3),
    "mps": DeviceDefaults(long_side=384, size=256, batch=8, steps_fast=150, steps_full=1000, lr=2e-3),
    "cuda": DeviceDefaults(long_side=1024, size=513, batch=16, steps_fast=200, steps_full=4000, lr=5e-4),
}


def make_plan(
    settings: Settings,
    device: str,
    lane: Lane,
    *,
    recipe: str | None = None,
    init: str | None = None,
    steps: int | None = None,
    pretrained: Path | None = None,
) -> Plan:
    """Resolve the settings: a person's come first, then the recipe's, then the device's.

    Parameters
    ----------
    device
        ``cpu``, ``mps`` or ``cuda``, with or without an index.
    recipe, init, steps
        Take the place of the settings where given.
    pretrained
        Folder of starting weights, which decides what ``init = "auto"`` means; None: none are there.

    Raises
    ------
    ConfigError
        Unknown recipe, or one that cannot train the architecture asked for.
    """
    kind = device.partition(":")[0]
    auto = DEVICE_DEFAULTS[kind]
    method = find_recipe(recipe or settings.training.recipe)
    options = getattr(settings, method.name, None)
    training, set_by_hand = settings.training, _set_by_hand(settings.training)
    defaults = method.defaults(options, kind)
    training = training.model_copy(update={k: v for k, v in defaults.items() if k not in set_by_hand})
    if method.arch not in (None, training.arch):
        raise ConfigError(
            f"training.arch: the recipe {method.name} needs {method.arch}, not {training.arch}; leave it out"
        )
    encoder = encoder_for(kind, training.encoder)
    start = choose_init(init or training.init, encoder, pretrained)
    names = {known.name for known in fields(Plan)}
    values = training.model_dump()
    values |= {k: v for k, v in asdict(auto).items() if values[k] == "auto"}
    values = {k: v for k, v in values.items() if k in names} | {
        "lane": lane,
        "recipe": method.name,
        "init": start,
        "init_note": passed_over(init or training.init, encoder, pretrained),
        "encoder": encoder,
        "encoder_lr": encoder_share(start) if training.encoder_lr == "auto" else training.encoder_lr,
        "long_side": _long_side(training, auto),
        "steps": steps or values["steps_fast" if lane == Lane.FAST else "steps_full"],
        "newest_share": training.newest_share if lane == Lane.FAST else 0.0,
        "options": {} if options is None else options.model_dump(),
        "network": method.network(options),
    }
    fixed = method.fixed(options, pretrained)
    if steps:
        fixed.pop("steps", None)
    return Plan(**values | fixed)


def encoder_share(init: str) -> float:
    """Return the learning-rate share that suits an encoder's weights; measured in docs/experiments.md."""
    return 1.0 if init in ("scratch", "colorization") else 0.2


def _long_side(training: TrainingSettings, auto: DeviceDefaults) -> int | None:
    """Photos' long side in training; None: their own size."""
    if training.long_side == "native":
        return None
    if training.long_side != "auto":
        return training.long_side
    if training.size == "auto":
        return auto.long_side
    return round(training.size * auto.long_side / auto.size)  # a crop asked for keeps its share of the photo


def _set_by_hand(training: TrainingSettings) -> set[str]:
    """Names of the settings that a person gave a value."""
    return {name for name in training.model_fields_set if getattr(training, name) != "auto"}
