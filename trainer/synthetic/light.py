"""Shading of the height buffer: soft light, shadows, and the phone's optics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.synthetic.noise import Floats, smooth_noise, soften, srgb_from_linear

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.synthetic.scene import Light
    from trainer.synthetic.shapes import Canvas

DETAILED = frozenset({"digit", "nail", "palm", "foot", "head", "ear", "nose", "hair", "bun", "mane"})


def smooth_height(canvas: Canvas) -> Floats:
    """Height in pixels, creases softened inside the body (less in faces, hands and feet); 0 outside."""
    body = (canvas.owner >= 0).astype(np.float32)
    scale = np.float32(canvas.camera.scale)
    height = np.where(body > 0, canvas.height, 0) * scale
    detailed = np.array([tube.name in DETAILED for tube in canvas.tubes] + [False], np.float32)
    fine = _inside(height, body, 0.22 * canvas.camera.scale + 0.6)
    coarse = _inside(height, body, 1.0 * canvas.camera.scale + 0.6)
    weight = soften(detailed[canvas.owner], 0.5 * canvas.camera.scale)
    return np.asarray(coarse + (fine - coarse) * weight, np.float32)


def _inside(height: Floats, body: Floats, sigma: float) -> Floats:
    """Blur that takes nothing from outside the body."""
    return np.asarray(
        np.where(body > 0, soften(height, sigma) / np.maximum(soften(body, sigma), 0.05), 0), np.float32
    )


def shade(canvas: Canvas, height: Floats, light: Light, bump: Floats) -> tuple[Floats, Floats]:
    """Diffuse light (0..about 1.1) and specular strength (0..1) for each pixel of the body."""
    dy, dx = np.gradient(height + bump)
    norm = 1 / np.sqrt(dx * dx + dy * dy + 1)
    lx, ly, lz = (np.float32(value) for value in light.direction)
    cosine = (-dx * lx - dy * ly + lz) * norm
    wrap = np.float32(0.28)
    key = np.maximum((cosine + wrap) / (1 + wrap), 0)
    sky = 0.5 + 0.5 * (norm * 0.6 - dy * norm * -0.4)
    half = np.array([light.direction[0], light.direction[1], light.direction[2] + 1])
    hx, hy, hz = (np.float32(value) for value in half / np.linalg.norm(half))
    gloss = np.maximum((-dx * hx - dy * hy + hz) * norm, 0) ** 18
    ambient = np.float32(light.ambient)
    return ((1 - ambient) * key * 1.6 + ambient * sky).astype(np.float32), gloss.astype(np.float32)


def occlusion(canvas: Canvas, height: Floats) -> Floats:
    """Darkening 0.45..1 where something higher is near (between fingers, under the chin)."""
    dark = np.ones_like(height)
    for reach, strength in ((1.2, 0.10), (5.0, 0.045)):
        sigma = reach * canvas.camera.scale
        around = soften(height, sigma) - height
        dark -= np.clip(around / canvas.camera.scale * strength, 0, 0.28)
    return np.where(canvas.owner >= 0, dark, 1).astype(np.float32)


def cast_shadow(canvas: Canvas, height: Floats, light: Light, gap: float) -> Floats:
    """Light 0.3..1 that reaches what lies `gap` cm behind the body."""
    body = (canvas.owner >= 0).astype(np.float32)
    reach = gap * canvas.camera.scale / max(light.direction[2], 0.3)
    moved = _shift(body, -light.direction[1] * reach, -light.direction[0] * reach)
    cast = soften(moved, 0.25 * gap * canvas.camera.scale + 1)
    contact = soften(body, 0.35 * gap * canvas.camera.scale + 1)
    return (1 - (0.55 * (1 - 0.6 * light.ambient)) * cast - 0.22 * contact).astype(np.float32)


def self_shadow(canvas: Canvas, height: Floats, light: Light) -> Floats:
    """Shadow 0..1 that body parts cast on lower ones."""
    shadow = np.zeros_like(height)
    for reach in (1.5, 4.0, 8.0):
        step = reach * canvas.camera.scale
        rise = step * light.direction[2] / max(float(np.hypot(*light.direction[:2])), 0.2)
        nearer = _shift(height, -light.direction[1] * step, -light.direction[0] * step)
        shadow = np.maximum(shadow, np.clip((nearer - rise - height) / canvas.camera.scale, 0, 1.5) / 1.5)
    return soften(shadow, 0.5 * canvas.camera.scale)


def _shift(image: Floats, rows: float, columns: float) -> Floats:
    r, c = round(rows), round(columns)
    height, width = image.shape
    moved = np.zeros_like(image)
    if abs(r) >= height or abs(c) >= width:
        return moved
    moved[max(r, 0) : height + min(r, 0), max(c, 0) : width + min(c, 0)] = image[
        max(-r, 0) : height + min(-r, 0), max(-c, 0) : width + min(-c, 0)
    ]
    return moved


def band_shadow(
    rng: np.random.Generator, shape: tuple[int, int], depth: float
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return a hard shadow across part of the picture: light 0..1, and its core, where colours are gone."""
    angle = rng.uniform(0, 2 * np.pi)
    y = (np.arange(shape[0], dtype=np.float32) / shape[0] - 0.5)[:, None]
    x = (np.arange(shape[1], dtype=np.float32) / shape[1] - 0.5)[None, :]
    side = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    ramp = np.clip((side - np.float32(rng.uniform(0.2, 0.34))) / 0.05, 0, 1)
    return (1 - depth * ramp).astype(np.float32), ramp > 0.75


def expose(rng: np.random.Generator, linear: Floats, light: Light) -> NDArray[np.uint8]:
    """Phone picture of linear light: colour cast, vignette, tone curve, noise; uint8 sRGB."""
    height, width = linear.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    fall = 1 - np.float32(light.vignette * 0.5) * (x * x + y * y)
    cast = np.array([1 - 0.13 * light.kelvin, 1.0, 1 + 0.18 * light.kelvin], np.float32) * np.float32(
        light.exposure
    )
    value = linear * fall[..., None] * cast
    value = value * (1 + value / 6.0) / (1 + value * 0.45)
    picture = srgb_from_linear(np.asarray(value, np.float32))
    grain = (
        smooth_noise(rng, (height, width), 1)[..., None] * 0.8
        + rng.standard_normal(picture.shape, dtype=np.float32) * 0.45
    )
    picture = picture + grain * np.float32(light.noise) * (1.2 - 0.5 * picture)
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)
