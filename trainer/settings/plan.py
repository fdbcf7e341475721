"""Plan: one round of training with every setting decided. Plain values, free of torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Literal


class Lane(StrEnum):
    """The kind of a round."""

    PROBE = "probe"
    """Heads on frozen features, in the seconds between two masks, whatever the project's recipe."""
    FAST = "fast"
    """Warm from the newest model of its recipe, with the newest labels first."""
    FULL = "full"
    """From starting weights, on all labels."""
    BATCH = "batch"
    """A full round that a command runs in the foreground."""


QUICK_LANES = (Lane.PROBE, Lane.FAST)
"""Rounds that a person waits for beside the window, whose models are judged leniently."""


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
    fit: Literal["crop", "squash", "pad"]
    centres: Literal["inside", "uniform"]
    batch: int
    steps: int
    steps_full: int
    """Of a full round, whichever lane this is."""
    lr: float
    fast_lr_factor: float
    optimizer: Literal["adamw", "adam"]
    beta1: float
    weight_decay: float
    encoder_lr: float
    encoder_slow: float
    bn_batches: int
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
    shift: float
    blur: float
    colour: float
    seed: int
    options: dict[str, Any] = field(default_factory=dict)
    """Section of the recipe."""
    network: dict[str, Any] = field(default_factory=dict)
    """Options of the architecture."""
    allow_licence: str = ""
    init_note: str = ""
    """Remark on the choice that ``auto`` made among starting weights; mostly empty."""
    edges: bool = False
    """Whether predictions are refined along the photo's edges."""
    warm_start: bool = False
    """Whether it goes on from the served model; ``init`` has no say then."""

    def warm(self, encoder: str, learnt: int) -> Plan:
        """Return the plan with its learning rate and encoder fit for a start from the served model.

        Parameters
        ----------
        encoder
            Of that model.
        learnt
            Steps that model and its parents were trained for. Below a full round's it is still young, and the
            learning rate stays high; after that it is lowered, so that new labels refine it.
        """
        factor = 1.0 if learnt < self.steps_full else self.fast_lr_factor
        return replace(self, encoder=encoder, lr=self.lr * factor, warm_start=True)

    def to_dict(self) -> dict[str, Any]:
        """Plain Python values."""
        return {**asdict(self), "lane": str(self.lane)}  # a checkpoint is read back as plain values only

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Plan:
        """Read back :meth:`to_dict`; keys of another version are left out."""
        known = {known.name for known in fields(cls)}
        given = {k: v for k, v in values.items() if k in known}
        return cls(**{**given, "lane": Lane(given["lane"])})
