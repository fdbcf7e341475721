"""Shapes that annotation programs draw, and the labels that come of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainer.errors import ConfigError, MaskError
from trainer.labels.ids import NOT_LABELLED, Labels, read_names
from trainer.spelling import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.labels.classes import ClassSet

__all__ = ["Meaning", "Shape", "draw", "ellipse", "meaning_of", "patch", "polygon", "rectangle"]

Bools = NDArray[np.bool_]
Fill = Callable[[tuple[int, int]], Bools]
"""From the size of a photo, (height, width), to the pixels of a shape."""


@dataclass(frozen=True)
class Shape:
    """One shape: the name of its class (or its number), and its pixels."""

    name: str
    fill: Fill


@dataclass(frozen=True)
class Meaning:
    """What shapes stand for.

    Attributes
    ----------
    classes : ClassSet
        Of the project.
    names : mapping of str to int
        Label of each name, in small letters.
    rest : int
        Label of what lies under no shape.
    every : int or None
        Label of every shape, whatever its name.
    """

    classes: ClassSet
    names: Mapping[str, int]
    rest: int
    every: int | None = None

    def label(self, name: str) -> int | None:
        """Return the label of a name; None: it has none."""
        return self.names.get(name.strip().casefold()) if self.every is None else self.every


def meaning_of(
    classes: ClassSet,
    named: Iterable[str],
    ids: Path | None = None,
    binary: int | None = None,
    rest: str | None = None,
) -> Meaning:
    """Find out what the shapes of a file stand for.

    Parameters
    ----------
    classes : ClassSet
        Of the project.
    named : iterable of str
        Names that the file has.
    ids : Path, optional
        A table or JSON of names (or numbers) and the project's classes.
    binary : int, optional
        Label of every shape.
    rest : str, optional
        Class of what lies under no shape. By default it is background where the project has two classes or
        `binary` is given; else, and where shapes themselves name the background, it is not labelled.

    Raises
    ------
    ConfigError
        If `ids` or `rest` is not usable.
    """
    own = {name.strip().casefold(): index + 1 for index, name in enumerate(classes.names)}
    names = {**dict.fromkeys(NOT_LABELLED - {""}, 0), **own}
    if ids is not None:
        names = read_names(ids, classes)
    background = classes.background + 1
    if rest is not None:
        if rest.strip().casefold() not in own | dict.fromkeys(NOT_LABELLED, 0):
            raise ConfigError(
                f"--rest {rest}: the project has no such class; {did_you_mean(rest, classes.names)}"
            )
        return Meaning(classes, names, own.get(rest.strip().casefold(), 0), binary)
    says_background = any(names.get(name.strip().casefold()) == background for name in named)
    all_of_it = binary is not None or (classes.count == 2 and not says_background)
    return Meaning(classes, names, background if all_of_it else 0, binary)


def draw(path: Path, shapes: Sequence[Shape], size: tuple[int, int], meaning: Meaning) -> Labels:
    """Draw shapes one over the other, the last on top: uint8 (height, width), 0 = not labelled.

    Raises
    ------
    MaskError
        If a name means nothing, a shape cannot be drawn, or there are shapes and none covers a pixel.
    """
    unknown = sorted({shape.name for shape in shapes if meaning.label(shape.name) is None})
    if unknown:
        shown = ", ".join(unknown[:8]) + (", …" if len(unknown) > 8 else "")
        raise MaskError(
            f"{path}: names classes that the project does not have: {shown}; it has "
            f"{', '.join(meaning.classes.names)}; say with --ids which is which"
        )
    labels, empty = np.full(size, meaning.rest, np.uint8), bool(shapes)
    for shape in shapes:
        try:
            inside = shape.fill(size)
            labels[inside] = meaning.label(shape.name) or 0
            empty = empty and not inside.any()
        except (ValueError, TypeError, IndexError, OverflowError, KeyError) as error:
            raise MaskError(
                f"{path}: a shape of {shape.name!r} cannot be drawn: {error}; draw it anew"
            ) from error
    if empty:
        raise MaskError(
            f"{path}: none of its {len(shapes):,} shapes covers a pixel of the photo; draw them anew"
        )
    return labels


def polygon(points: Sequence[Sequence[float]]) -> Fill:
    """Fill a polygon: a pixel belongs to it where its centre lies inside (odd crossings)."""

    def fill(size: tuple[int, int]) -> Bools:
        corners = np.asarray(points, np.float64).reshape(-1, 2)
        if not np.isfinite(corners).all():
            raise ValueError("a corner is not a number")
        inside = np.zeros(size, bool)
        if len(corners) < 3:
            return inside
        height, width = size
        first, last = corners, np.roll(corners, -1, axis=0)
        low = max(0, int(np.floor(corners[:, 1].min())))
        for row in range(low, min(height, int(np.ceil(corners[:, 1].max())) + 1)):
            middle = row + 0.5
            crosses = (first[:, 1] <= middle) != (last[:, 1] <= middle)
            a, b = first[crosses], last[crosses]
            columns = a[:, 0] + (middle - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
            edges = np.clip(np.ceil(np.sort(columns) - 0.5), 0, width).astype(int)
            for start, stop in zip(edges[::2], edges[1::2], strict=True):
                inside[row, start:stop] = True
        return inside

    return fill


def rectangle(left: float, top: float, right: float, bottom: float, turn: float = 0.0) -> Fill:
    """Fill a rectangle, edges in pixels, turned clockwise about its middle by degrees."""
    if not np.isfinite(turn):
        raise ValueError("its rotation is not a number")
    x, y = (float(left) + float(right)) / 2, (float(top) + float(bottom)) / 2
    across, down = abs(float(right) - x), abs(float(bottom) - y)
    sine, cosine = np.sin(np.radians(turn)), np.cos(np.radians(turn))
    corners = [(-across, -down), (across, -down), (across, down), (-across, down)]
    return polygon([(x + a * cosine - b * sine, y + a * sine + b * cosine) for a, b in corners])


def ellipse(x: float, y: float, across: float, down: float, turn: float = 0.0) -> Fill:
    """Fill an ellipse around (x, y) with half axes `across` and `down`, in pixels, turned by degrees."""

    def fill(size: tuple[int, int]) -> Bools:
        if not all(map(np.isfinite, (x, y, across, down, turn))) or min(across, down) <= 0:
            raise ValueError("its axes are not numbers above 0")
        row, column = np.ogrid[: size[0], : size[1]]
        sine, cosine = np.sin(np.radians(turn)), np.cos(np.radians(turn))
        right, below = column + 0.5 - x, row + 0.5 - y
        along, beside = right * cosine + below * sine, below * cosine - right * sine
        return np.asarray((along / across) ** 2 + (beside / down) ** 2 <= 1)

    return fill


def patch(inside: Callable[[], Bools], left: int, top: int) -> Fill:
    """Fill a small mask (rows, columns) at a place; what lies outside the photo is left out."""

    def fill(size: tuple[int, int]) -> Bools:
        found = np.zeros(size, bool)
        small = inside()
        rows = slice(max(0, -top), max(0, min(small.shape[0], size[0] - top)))
        columns = slice(max(0, -left), max(0, min(small.shape[1], size[1] - left)))
        part = small[rows, columns]
        y, x = max(0, top), max(0, left)
        found[y : y + part.shape[0], x : x + part.shape[1]] = part
        return found

    return fill
