"""Definition of a study: arms that are compared, claims about them, the scale of its runs. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from trainer.errors import ConfigError
from trainer.spelling import did_you_mean

Weights = Literal["none", "colorization", "imagenet"]
Values = Mapping[str, Mapping[str, Any]]
"""Settings by section: ``{"training": {"init": "scratch"}}``."""
Sections = dict[str, dict[str, Any]]
"""The same, whole and open to changes."""


@dataclass(frozen=True)
class Arm:
    """Arm of a study: one of the methods compared."""

    name: str
    title: str
    settings: Values
    """In what it differs from the other arms; the recipe is among them."""
    weights: Weights = "none"
    """Pretrained weights without which the arm cannot run. Those of colorization the study makes itself."""
    without: tuple[str, ...] = ()
    """Measures that mean nothing for it."""

    @property
    def recipe(self) -> str:
        """Recipe of its runs."""
        return str(self.settings["training"]["recipe"])


@dataclass(frozen=True)
class Claim:
    """Claim that one arm is better than another, as a source says or as we would like."""

    text: str
    better: str
    worse: str
    measure: str
    """A key of ``trainer.study.measures.MEASURES``."""
    source: str = ""
    """The source's own figure, for people."""
    labels: tuple[float, ...] = ()
    """At which shares of the labels, the mean over them counts; empty: all that the study ran."""


@dataclass(frozen=True)
class Scale:
    """Size of the runs."""

    settings: Values
    steps: int | None = None
    """None: the recipe's own number."""
    pretext_steps: int | None = None
    """Of the pretext task, where an arm starts from it and its weights are not there."""
    seeds: int = 3
    any_encoder: bool = False
    """Whether all arms may change to an encoder whose ImageNet weights are there."""
    full_size: bool = False
    """Score at the photos' own size rather than at the size worked at."""


@dataclass(frozen=True)
class Study:
    """Comparison with its claims."""

    name: str
    title: str
    arms: tuple[Arm, ...]
    claims: tuple[Claim, ...]
    measures: tuple[str, ...]
    """Columns of the table."""
    labels: tuple[float, ...] = (1.0,)
    """Shares of the labelled groups."""
    scales: Mapping[str, Scale] = field(default_factory=dict)
    per_class: tuple[str, ...] = ()
    """Scores also given for each class: of ``iou``, ``precision``, ``recall``, ``dice``."""
    epochs: tuple[tuple[str, str], ...] = ()
    """Curves given per epoch: (name of the curve, heading)."""
    notes: tuple[str, ...] = ()
    """What the table cannot say."""

    def chosen(self, names: list[str] | None) -> list[Arm]:
        """Find the arms of these names, all if None, in the study's order.

        Raises
        ------
        ConfigError
            No name, or no arm of that name; the nearest is named.
        """
        known = {arm.name: arm for arm in self.arms}
        if names == []:
            raise ConfigError(f"--arms names none: {self.name} has {', '.join(known)}")
        for name in names or []:
            if name not in known:
                raise ConfigError(f"--arms: {self.name} has no arm '{name}'; {did_you_mean(name, known)}")
        return [arm for arm in self.arms if names is None or arm.name in names]


def merged(*parts: Values) -> Sections:
    """Merge settings of several parts, the later ones on top."""
    result: Sections = {}
    for part in parts:
        for section, values in part.items():
            result.setdefault(section, {}).update(values)
    return result
