"""Counts of what masks show, by class: in how many photos, with how many pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trainer.labels.classes import ClassSet
    from trainer.labels.ids import Labels

__all__ = ["NOT_LABELLED", "ClassCounts", "ClassRow"]

NOT_LABELLED = "not labelled"


@dataclass(frozen=True)
class ClassRow:
    """Photos on which a class is, its pixels on them, and their share of all pixels, 0 to 1."""

    name: str
    photos: int
    pixels: int
    share: float

    @property
    def text(self) -> str:
        """The row in one line."""
        return f"{self.name}: {self.photos:,} photos, {self.pixels:,} pixels, {self.share:.1%}"


@dataclass
class ClassCounts:
    """Photos and pixels by label, 0 = not labelled; grows mask by mask."""

    classes: ClassSet
    photos: list[int] = field(init=False)
    pixels: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.photos = [0] * (self.classes.count + 1)
        self.pixels = [0] * (self.classes.count + 1)

    def add(self, labels: Labels) -> None:
        """Count one mask, (height, width)."""
        for label, count in enumerate(np.bincount(labels.ravel(), minlength=self.classes.count + 1).tolist()):
            self.photos[label] += count > 0
            self.pixels[label] += count

    @property
    def rows(self) -> list[ClassRow]:
        """One row for each class in its order, the last for what is not labelled; none without a mask."""
        total = sum(self.pixels)
        names = [NOT_LABELLED, *self.classes.names]
        rows = [
            ClassRow(name, photos, pixels, pixels / max(1, total))
            for name, photos, pixels in zip(names, self.photos, self.pixels, strict=True)
        ]
        return [*rows[1:], rows[0]] if total else []

    @property
    def shown(self) -> list[ClassRow]:
        """The rows of what there is."""
        return [row for row in self.rows if row.pixels]

    def to_json(self) -> dict[str, dict[str, float]]:
        """Return photos, pixels and share by name."""
        return {
            row.name: {"photos": row.photos, "pixels": row.pixels, "share": row.share} for row in self.rows
        }
