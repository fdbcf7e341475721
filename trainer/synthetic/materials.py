"""Backgrounds: eight materials whose hue goes with their texture, at any brightness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from trainer.synthetic.noise import Floats, clouds, linear_from_srgb, smooth_noise

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Shape = tuple[int, int]


def _mix(first: Floats, second: Floats, amount: Floats) -> Floats:
    return first + (second - first) * np.clip(amount, 0, 1)[..., None]


def _axes(shape: Shape, unit: float) -> tuple[Floats, Floats]:
    rows = (np.arange(shape[0], dtype=np.float32) / unit)[:, None]
    return rows, (np.arange(shape[1], dtype=np.float32) / unit)[None, :]


def grass(rng: np.random.Generator, shape: Shape, unit: float) -> Floats:
    """Blades of grass on soil; `unit` is pixels per centimetre."""
    picture = Image.new("RGB", (shape[1], shape[0]), (38, 52, 22))
    draw = ImageDraw.Draw(picture)
    length, width = max(7.0 * unit, 10.0), max(0.55 * unit, 1.6)
    count = int(min(shape[0] * shape[1] / (length * width) * 3.2, 9000))
    x, y = rng.uniform(-length, shape[1] + length, count), rng.uniform(-length, shape[0] + length, count)
    lean, reach = rng.normal(0, 0.5, count), length * rng.uniform(0.5, 1.2, count)
    light = (0.45 + 0.55 * np.linspace(0, 1, count)) * rng.uniform(0.75, 1.2, count)
    dry = rng.random(count) < 0.07
    for i in range(count):
        base = (168, 150, 78) if dry[i] else (88, 138, 44)
        colour = tuple(int(min(c * light[i], 255)) for c in base)
        dx, dy = np.sin(lean[i]) * reach[i], -np.cos(lean[i]) * reach[i]
        side = width / 2
        tip = (x[i] + dx * 1.25, y[i] + dy)
        draw.polygon(
            [(x[i] - side, y[i]), (x[i] + side, y[i]), (x[i] + dx * 0.5 + side, y[i] + dy * 0.55), tip],
            fill=colour,
        )
    return (
        linear_from_srgb_image(np.asarray(picture)) * (1 + 0.12 * clouds(rng, shape, 40 * unit, 2))[..., None]
    )


def linear_from_srgb_image(picture: NDArray[np.uint8]) -> Floats:
    """Linear light of a uint8 picture."""
    table = ((np.arange(256) / 255) ** 2.2).astype(np.float32)
    return np.asarray(table[picture], np.float32)


def wood(rng: np.random.Generator, shape: Shape, unit: float) -> Floats:
    """Floor boards with grain and knots."""
    if rng.random() < 0.5:
        return np.ascontiguousarray(wood_rows(rng, (shape[1], shape[0]), unit).transpose(1, 0, 2))
    return wood_rows(rng, shape, unit)


def wood_rows(rng: np.random.Generator, shape: Shape, unit: float) -> Floats:
    """Boards that run along the rows."""
    rows, columns = _axes(shape, unit)
    board = float(rng.uniform(9, 16))
    index = np.floor(rows / board + 100.3).astype(np.int64) - 100
    tint = rng.uniform(-0.35, 0.35, 512).astype(np.float32)[index % 512]
    phase = rng.uniform(0, 40, 512).astype(np.float32)[index % 512]
    warp = (
        smooth_noise(rng, shape, (4 * unit, 45 * unit)) * 2.2
        + smooth_noise(rng, shape, (1.5 * unit, 20 * unit)) * 0.5
    )
    rings = 0.5 + 0.5 * np.sin((rows + phase) * 1.9 + warp * 2.4)
    fibre = smooth_noise(rng, shape, (max(0.12 * unit, 1), 9 * unit))
    dark, pale = linear_from_srgb((112, 66, 32)), linear_from_srgb((196, 142, 88))
    colour = _mix(pale, dark, rings**3 * 0.55 + 0.12 * fibre + tint + 0.2)
    seam = np.abs((rows / board + 100.3) % 1 - 0.5) > 0.5 - 0.14 / board * 2
    offset = (phase * 7) % 90
    joint = np.abs((columns + offset) % 95) < 0.25
    return np.asarray(
        colour * np.where(seam | joint, 0.3, 1.0)[..., None] * np.float32(rng.uniform(0.6, 1.15)), np.float32
    )


def tiles(rng: np.random.Generator, shape: Shape, unit: float) -> Floats:
    """Glazed teal tiles with pale grout."""
    rows, columns = _axes(shape, unit)
    size = float(rng.uniform(8, 14))
    shift_r, shift_c = rng.uniform(0, size, 2)
    r, c = (rows + shift_r) / size, (columns + shift_c) / size
    tints = rng.uniform(0.75, 1.15, (64, 64)).astype(np.float32)
    tint = tints[np.floor(r).astype(np.int64) % 64, np.floor(c).astype(np.int64) % 64]
    edge = np.minimum(np.minimum(r % 1, 1 - r % 1), np.minimum(c % 1, 1 - c % 1)) * size
    glaze = tint * (1 + 0.08 * clouds(rng, shape, 6 * unit, 2)) * (0.8 + 0.2 * np.clip(edge / 0.8, 0, 1))
    shine = np.maximum(1 - ((r % 1) - 0.28) ** 2 * 25 - ((c % 1) - 0.3) ** 2 * 25, 0) * 0.14
    colour = (
        linear_from_srgb((74, 152, 156)) * glaze[..., None] * np.float32(rng.uniform(0.6, 1.25))
        + shine[..., None]
    )
    grout = linear_from_srgb((196, 190, 178)) * (1 + 0.1 * smooth_noise(rng, shape, 2))[..., None]
    return np.where((edge < 0.28)[..., None], grout, colour).astype(np.float32)


def bricks(rng: np.random.Generator, shape: Shape, unit: float) -> Floats:
    """Paint a wall of red bricks."""
    rows, columns = _axes(shape, unit)
    high, wide = 7.2, 22.0
    course = np.floor(rows / high).astype(np.int64)
    c = columns / wide + 0.5 * (course % 2)
    tints = rng.uniform(-0.4, 0.5, (64, 64)).astype(np.float32)
    tint = tints[course % 64, np.floor(c).astype(np.int64) % 64]
    rough = clouds(rng, shape, 2.5 * unit, 3)
    edge = (
        np.minimum(np.minimum(rows % high, high - rows % high), np.minimum(c % 1, 1 - c % 1) * wide)
        + 0.12 * rough
    )
    colour = _mix(linear_from_srgb((168, 82, 60)), linear_from_srgb((104, 46, 40)), 0.3 + tint + 0.22 * rough)
    mortar = linear_from_srgb((178, 170, 160)) * (1 + 0.12 * rough)[..., None]
    shade = np.where(rows % high > high - 1.0, 0.75, 1.0)[..., None]
    return np.where((edge < 0.5)[..., None], mortar * 0.8, colour * shade).astype(np.float32)


def folds(rng: np.random.Generator, shape: Shape, size: float) -> Floats:
    """Shading 0.55..1.35 of soft folds in cloth that run more or less one way; `size` in pixels."""
    rows, columns = _axes(shape, size)
    main = rng.uniform(0, np.pi)
    warp = clouds(rng, shape, size * 3, 2)
    shading = np.ones(shape, np.float32)
    for _ in range(4):
        angle = main + rng.normal(0, 0.35)
        across = rows * np.float32(np.cos(angle)) + columns * np.float32(np.sin(angle))
        place = (
            across * np.float32(rng.uniform(0.35, 0.6)) + warp * 0.35 + np.float32(rng.uniform())
        ) % 1 - 0.5
        strength = np.clip(smooth_noise(rng, shape, size * 3) * 0.8 + 0.1, 0, 1)
        shading += place * np.exp(-(place**2) * 60) * strength * np.float32(3.2)
    return np.clip(shading + 0.07 * warp, 0.55, 1.35).astype(np.float32)


def sheet(rng: np.random.Generator, shape: Shape, unit: float) -> Floats:
    """Paint a crumpled bed sheet, lavender, with thin woven stripes."""
    _, columns = _axes(shape, unit)
    stripe = (np.sin(columns * 2 * np.pi / 6) > 0.93).astype(np.float32) * np.ones((shape[0], 1), np.float32)
    weave = smooth_noise(rng, shape, (1, max(0.1 * unit, 1.5)))
    base = linear_from_srgb((186, 180, 214)) * np.float32(rng.uniform(0.6, 1.15))
    colour = _mix(base, base * linear_from_srgb((190, 180, 235)), stripe * 0.7)
    return np.asarray(colour * (folds(rng, shape, 16 * unit) * (1 + 0.025 * weave))[..., None], np.float32)


def plaster(rng: np.random.Generator, shape: Shape, unit: float) -> Floats:
    """Paint a rough-cast wall, ochre to cream."""
    bumps = clouds(rng, shape, max(1.8 * unit, 3), 3)
    relief = np.gradient(bumps, axis=1) + np.gradient(bumps, axis=0)
    stain = clouds(rng, shape, 50 * unit, 2)
    base = linear_from_srgb((226, 200, 150)) * np.float32(rng.uniform(0.55, 1.0))
    return np.asarray(
        base * (1 + 0.2 * np.tanh(relief * max(unit, 1.5) * 0.35) + 0.07 * stain)[..., None],
        np.float32,
    )


def towel(rng: np.random.Generator, shape: Shape, unit: float) -> Floats:
    """Terry loops in rows, pink."""
    rows, columns = _axes(shape, unit)
    loops = np.sin(rows * 9 + smooth_noise(rng, shape, unit) * 1.2) * np.sin(
        columns * 9 + smooth_noise(rng, shape, unit) * 1.2
    )
    pile = 0.82 + 0.2 * loops + 0.08 * smooth_noise(rng, shape, 1.5)
    band = np.where(np.abs((rows + 20) % 60 - 30) < 2.2, 1.25, 1.0)
    base = linear_from_srgb((206, 120, 136)) * np.float32(rng.uniform(0.55, 1.15))
    return np.asarray(base * (pile * band * folds(rng, shape, 30 * unit))[..., None], np.float32)


def stone(rng: np.random.Generator, shape: Shape, unit: float) -> Floats:
    """Blue-grey terrazzo with chips."""
    ground = linear_from_srgb((120, 132, 148)) * np.float32(rng.uniform(0.5, 1.2))
    colour = ground * (1 + 0.06 * clouds(rng, shape, 8 * unit, 3))[..., None]
    for chip in ((214, 220, 228), (70, 82, 104), (196, 176, 150)):
        where = smooth_noise(rng, shape, max(1.3 * unit, 2)) > 1.05
        colour = np.where(where[..., None], linear_from_srgb(chip) * np.float32(0.85), colour)
    return np.asarray(colour, np.float32)


MATERIALS: dict[str, Callable[[np.random.Generator, Shape, float], Floats]] = {
    "grass": grass, "wood": wood, "tiles": tiles, "bricks": bricks,
    "sheet": sheet, "plaster": plaster, "towel": towel, "stone": stone,
}  # fmt: skip
