"""Settings with every `auto` resolved for a device and a lane: what a round really does."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from trainer.augment import NO_AUGMENTATION, Strength
from trainer.networks import encoder_for
from trainer.settings import TrainingSettings

Lane = Literal["fast", "full", "batch"]


@dataclass(frozen=True)
class DeviceDefaults:
    """What suits a kind of device; measured in benchmarks/ and docs/experiments.md."""

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


@dataclass(frozen=True)
class Plan:
    """One round, decided. Plain values: it is stored in checkpoints and in ``model.json``."""

    lane: Lane
    recipe: str
    init: str
    arch: str
    encoder: str
    long_side: int | None
    """None: photos at their own size."""
    size: int
    batch: int
    steps: int
    steps_full: int
    """Of a full round, whichever lane this is."""
    lr: float
    fast_lr_factor: float
    weight_decay: float
    warmup: float
    dropout: float
    clip: float
    ema: float
    dice_weight: float
    uncertain_weight: float
    class_balanced: float
    newest_share: float
    augment: bool
    vertical_flip: bool
    rotate: float
    zoom: float
    colour: float
    seed: int

    def warm(self, encoder: str, learnt: int) -> Plan:
        """This plan for a start from the served model.

        Parameters
        ----------
        encoder
            Of that model.
        learnt
            Steps that model and its parents were trained for. Below a full round's it is still young, and the
            learning rate stays high; after that it is lowered, so that new labels refine it.
        """
        factor = 1.0 if learnt < self.steps_full else self.fast_lr_factor
        return replace(self, encoder=encoder, lr=self.lr * factor)

    def strength(self) -> Strength:
        """The augmentation these settings ask for."""
        if not self.augment:
            return NO_AUGMENTATION
        return Strength(
            vertical_flip=self.vertical_flip,
            rotate=self.rotate,
            zoom=self.zoom,
            brightness=self.colour,
            contrast=self.colour,
            saturation=self.colour,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain Python values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Plan:
        """Read back :meth:`to_dict`; keys of another version are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{k: v for k, v in values.items() if k in known})


def make_plan(
    training: TrainingSettings,
    device: str,
    lane: Lane,
    *,
    recipe: str | None = None,
    init: str | None = None,
    steps: int | None = None,
) -> Plan:
    """Resolve the settings.

    Parameters
    ----------
    device
        ``cpu``, ``mps`` or ``cuda``, with or without an index.
    recipe, init, steps
        Take the place of the settings where given.
    """
    auto = DEVICE_DEFAULTS[device.partition(":")[0]]
    steps_full = auto.steps_full if training.steps_full == "auto" else training.steps_full
    steps_fast = auto.steps_fast if training.steps_fast == "auto" else training.steps_fast
    size = auto.size if training.size == "auto" else training.size
    long_side: int | None
    if training.long_side == "native":
        long_side = None
    elif training.long_side == "auto":
        # a crop that was asked for keeps its proportion to the photo
        long_side = auto.long_side if training.size == "auto" else round(size * auto.long_side / auto.size)
    else:
        long_side = training.long_side
    names = {field.name for field in fields(Plan)}
    values = {k: v for k, v in training.model_dump().items() if k in names}
    values |= {
        "lane": lane,
        "recipe": recipe or training.recipe,
        "init": init or training.init,
        "encoder": encoder_for(device.partition(":")[0], training.encoder),
        "long_side": long_side,
        "size": size,
        "lr": auto.lr if training.lr == "auto" else training.lr,
        "batch": auto.batch if training.batch == "auto" else training.batch,
        "steps": steps or (steps_fast if lane == "fast" else steps_full),
        "steps_full": steps_full,
        "newest_share": training.newest_share if lane == "fast" else 0.0,
    }
    return Plan(**values)
