"""Body parts as tubes with a profile, drawn into a height buffer that remembers which tube won each pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from trainer.synthetic.noise import Floats

LUT = 128
Point = tuple[float, float]
Region = Callable[[Floats, Floats], NDArray[np.bool_]]
"""A test on (u, v): centimetres along the tube from `start`, and across it."""


def along(start: Point, degrees: float, length: float) -> Point:
    """Return the point `length` from `start`, in a direction measured from straight down towards +x."""
    angle = np.radians(degrees)
    return (start[0] + length * float(np.sin(angle)), start[1] + length * float(np.cos(angle)))


def symmetric(*knots: tuple[float, float]) -> tuple[tuple[float, float, float], ...]:
    """Profile knots with the same half-width on both sides."""
    return tuple((t, w, w) for t, w in knots)


@dataclass(frozen=True)
class Camera:
    """Centimetres (x right, y down) to pixels: `centre` goes to the middle, turned by `roll` radians."""

    centre: Point
    scale: float
    roll: float
    height: int
    width: int

    def pixel(self, point: Point) -> Point:
        """(column, row) of a point in centimetres."""
        x, y = point[0] - self.centre[0], point[1] - self.centre[1]
        c, s = np.cos(self.roll), np.sin(self.roll)
        return (
            float((c * x - s * y) * self.scale + self.width / 2),
            float((s * x + c * y) * self.scale + self.height / 2),
        )


@dataclass(frozen=True)
class Tube:
    """A limb-like shape from `start` to `end` (cm), with half-widths given at fractions of its length."""

    name: str
    start: Point
    end: Point
    widths: tuple[tuple[float, float, float], ...]
    """(fraction of the length, half-width left of the axis, half-width right of it) in cm."""
    label: int
    surface: str = "skin"
    z: tuple[float, float] = (0.0, 0.0)
    """Height of the axis towards the camera at both ends, cm."""
    depth: float = 0.9
    """Thickness towards the camera as a fraction of the half-width."""
    caps: tuple[float, float] = (1.0, 1.0)
    """Length of the rounded ends, as fractions of the half-width there; 0 cuts the end flat."""
    bend: float = 0.0
    """Swing of the middle of the axis to the right, cm."""
    blend: float = 1.5
    """Softness of the crease with what is below, cm."""
    clip: Region | None = None
    relabel: tuple[tuple[int, Region], ...] = ()
    """Other classes for regions of this tube, later ones win."""
    traits: dict[str, float] = field(default_factory=dict)
    """Numbers the surface's painter reads."""

    @property
    def length(self) -> float:
        """Centimetres from start to end, never 0."""
        return max(float(np.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1])), 1e-3)


class Canvas:
    """Height, winning tube and its coordinates for each pixel of one picture."""

    def __init__(self, camera: Camera) -> None:
        shape = (camera.height, camera.width)
        self.camera = camera
        self.tubes: list[Tube] = []
        self.height = np.full(shape, -1e3, np.float32)
        self.top = np.full(shape, -1e3, np.float32)
        self.owner = np.full(shape, -1, np.int16)
        self.label = np.zeros(shape, np.uint8)
        self.u = np.zeros(shape, np.float32)
        self.v = np.zeros(shape, np.float32)

    def draw(self, tube: Tube) -> None:
        """Draw a tube where it is nearer to the camera than what is there."""
        box = self._box(tube)
        if box is None:
            return
        rows, columns = box
        u, v = self._coordinates(tube, rows, columns)
        inside, rise = _profile(tube, u, v)
        if not inside.any():
            return
        t = np.clip(u / tube.length, 0, 1)
        z = np.float32(tube.z[0]) + np.float32(tube.z[1] - tube.z[0]) * t + rise
        old, top = self.height[rows, columns], self.top[rows, columns]
        wins = inside & (z > top)
        gap = np.abs(z - old)
        soft = np.float32(max(tube.blend, 1e-3))
        lift = np.where(gap < soft, (1 - gap / soft) ** 2 * (soft / 4), 0)
        joined = np.maximum(z, old) + lift
        self.height[rows, columns] = np.where(inside, joined, old)
        self.top[rows, columns] = np.where(wins, z, top)
        index = len(self.tubes)
        self.tubes.append(tube)
        self.owner[rows, columns][wins] = index
        self.u[rows, columns][wins] = u[wins]
        self.v[rows, columns][wins] = v[wins]
        self._write_labels(tube, rows, columns, wins, u, v)

    def _write_labels(
        self, tube: Tube, rows: slice, columns: slice, wins: NDArray[np.bool_], u: Floats, v: Floats
    ) -> None:
        view = self.label[rows, columns]
        view[wins] = tube.label
        for label, region in tube.relabel:
            view[wins & region(u, v)] = label

    def _box(self, tube: Tube) -> tuple[slice, slice] | None:
        (ax, ay), (bx, by) = self.camera.pixel(tube.start), self.camera.pixel(tube.end)
        widest = max(max(left, right) for _, left, right in tube.widths)
        reach = (widest * max(1.0, *tube.caps) + abs(tube.bend)) * self.camera.scale + 2
        top, bottom = int(max(min(ay, by) - reach, 0)), int(min(max(ay, by) + reach + 1, self.camera.height))
        left, right = int(max(min(ax, bx) - reach, 0)), int(min(max(ax, bx) + reach + 1, self.camera.width))
        if top >= bottom or left >= right:
            return None
        return slice(top, bottom), slice(left, right)

    def _coordinates(self, tube: Tube, rows: slice, columns: slice) -> tuple[Floats, Floats]:
        (ax, ay), (bx, by) = self.camera.pixel(tube.start), self.camera.pixel(tube.end)
        span = max(float(np.hypot(bx - ax, by - ay)), 1e-3)
        dx, dy = (bx - ax) / span, (by - ay) / span
        x = (np.arange(columns.start, columns.stop, dtype=np.float32) + np.float32(0.5 - ax))[None, :]
        y = (np.arange(rows.start, rows.stop, dtype=np.float32) + np.float32(0.5 - ay))[:, None]
        scale = np.float32(1 / self.camera.scale)
        u = x * np.float32(dx) * scale + y * np.float32(dy) * scale
        v = x * np.float32(-dy) * scale + y * np.float32(dx) * scale
        if tube.bend:
            t = np.clip(u / np.float32(tube.length), 0, 1)
            v = v - np.float32(4 * tube.bend) * t * (1 - t)
        return u, v


def _profile(tube: Tube, u: Floats, v: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Return the area of the tube, and its height above its axis in cm."""
    length = tube.length
    knots = np.array(tube.widths, np.float64)
    steps = np.linspace(0, 1, LUT)
    left, right = (
        PchipInterpolator(knots[:, 0], knots[:, side])(steps).astype(np.float32) for side in (1, 2)
    )
    at = np.clip(u * np.float32((LUT - 1) / length), 0, LUT - 1.001)
    index = at.astype(np.uint8)
    part = at - index
    wide_left = left[index] + part * (left[index + 1] - left[index])
    if np.array_equal(left, right):
        width = wide_right = wide_left
    else:
        wide_right = right[index] + part * (right[index + 1] - right[index])
        width = np.where(v < 0, wide_left, wide_right)
    first, last = float(max(left[0], right[0])), float(max(left[-1], right[-1]))
    over0 = np.maximum(-u, 0) * np.float32(1 / max(first * tube.caps[0], 1e-3))
    over1 = np.maximum(u - np.float32(length), 0) * np.float32(1 / max(last * tube.caps[1], 1e-3))
    s = 1 - (v / width) ** 2 - over0**2 - over1**2
    inside = s > 0
    if tube.clip is not None:
        inside &= tube.clip(u, v)
    thickness = (wide_left + wide_right) * np.float32(tube.depth / 2)
    return inside, thickness * np.sqrt(np.maximum(s, 0))
