"""Render one synthetic phone photo with its exact nine-class mask."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from trainer.synthetic.cloth import paint_cloth
from trainer.synthetic.hair import paint_hair
from trainer.synthetic.light import (
    band_shadow,
    cast_shadow,
    expose,
    occlusion,
    self_shadow,
    shade,
    smooth_height,
)
from trainer.synthetic.marks import draw_marks
from trainer.synthetic.materials import MATERIALS
from trainer.synthetic.noise import Floats, clouds, smooth_noise, soften
from trainer.synthetic.people import BACKGROUND, UNCERTAIN
from trainer.synthetic.scene import Scene, draw_scene
from trainer.synthetic.shapes import Canvas
from trainer.synthetic.skin import paint_nail, paint_skin

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUPERSAMPLED_PIXELS = 1_600_000
DIRECT_PIXELS = 4_000_000


@dataclass(frozen=True)
class SceneInfo:
    """Description of the scene that was drawn."""

    framing: str
    material: str
    outfit: str
    ita: float
    hair: str
    marks: str


def render_photo(
    seed: int | np.random.Generator, height: int, width: int, framing: str | None = None, shot: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], SceneInfo]:
    """Render a photo and its mask.

    Parameters
    ----------
    seed
        Scene seed, or a generator to draw one from.
    height, width
        Size in pixels, at least 16 each. Beyond 4 megapixels: rendered at half size, enlarged.
    framing
        One of `trainer.synthetic.FRAMINGS`; drawn at random if None.
    shot
        Number of the shot in a burst of the same scene; those after 0 move the camera a little.

    Returns
    -------
    rgb : uint8 (height, width, 3)
    mask : uint8 (height, width), class index 0..8
    info : SceneInfo
    """
    number = int(seed.integers(2**62)) if isinstance(seed, np.random.Generator) else int(seed)
    shape = (height, width)
    if height * width > DIRECT_PIXELS:
        rgb, mask, info = render_photo(number, (height + 1) // 2, (width + 1) // 2, framing, shot)
        large = np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BICUBIC))
        return large, mask.repeat(2, 0).repeat(2, 1)[:height, :width], info
    samples = 2 if height * width <= SUPERSAMPLED_PIXELS else 1
    scene = draw_scene(np.random.default_rng([number, 0]), height * samples, width * samples, framing)
    scene = jitter(scene, np.random.default_rng([number, 1, shot])) if shot else scene
    rng = np.random.default_rng([number, 2])
    linear, labels = render_scene(scene, rng)
    if samples == 2:
        linear, labels = average(linear), majority(labels)
    linear = np.stack(
        [soften(linear[..., c], scene.light.blur * max(shape) / 1000) for c in range(3)], axis=-1
    )
    rgb = expose(np.random.default_rng([number, 3, shot]), linear, scene.light)
    person = scene.person
    info = SceneInfo(
        scene.framing, scene.material, person.outfit, person.ita, person.hair_style, person.marks
    )
    return rgb, labels, info


def jitter(scene: Scene, rng: np.random.Generator) -> Scene:
    """Vary a scene for the next shot of a burst: the camera moves, turns and exposes a little differently."""
    camera = scene.camera
    span = min(camera.height, camera.width) / camera.scale
    centre = (
        camera.centre[0] + float(rng.normal(0, 0.03)) * span,
        camera.centre[1] + float(rng.normal(0, 0.03)) * span,
    )
    moved = replace(
        camera,
        centre=centre,
        scale=camera.scale * float(rng.uniform(0.94, 1.07)),
        roll=camera.roll + float(rng.normal(0, 0.04)),
    )
    light = replace(scene.light, exposure=scene.light.exposure * float(rng.uniform(0.9, 1.1)))
    return replace(scene, camera=moved, light=light)


def average(linear: Floats) -> Floats:
    """Mean of each 2x2 block of a picture."""
    return (linear[::2, ::2] + linear[1::2, ::2] + linear[::2, 1::2] + linear[1::2, 1::2]) * np.float32(0.25)


def majority(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Most frequent label of each 2x2 block; the first sample's in a draw."""
    a, b, c, d = labels[::2, ::2], labels[1::2, ::2], labels[::2, 1::2], labels[1::2, 1::2]
    return np.where((b == c) | (b == d), b, np.where(c == d, c, a)).astype(np.uint8)


def render_scene(scene: Scene, rng: np.random.Generator) -> tuple[Floats, NDArray[np.uint8]]:
    """Linear light (H, W, 3) and labels (H, W) at the camera's own size."""
    canvas = Canvas(scene.camera)
    for tube in scene.tubes:
        canvas.draw(tube)
    shape = canvas.label.shape
    fine, coarse = (
        smooth_noise(rng, shape, max(0.12 * scene.camera.scale, 1)),
        clouds(rng, shape, 3.5 * scene.camera.scale, 3),
    )
    behind = backdrop(scene, canvas, rng)
    albedo, cloth = paint(scene, canvas, rng, fine, coarse)
    height = smooth_height(canvas)
    wrinkles = clouds(rng, shape, 5 * scene.camera.scale, 3) * np.float32(0.45 * scene.camera.scale)
    bump = np.where(cloth, wrinkles, fine * np.float32(0.008 * scene.camera.scale))
    diffuse, gloss = shade(canvas, height, scene.light, bump.astype(np.float32))
    diffuse = diffuse * occlusion(canvas, height) * (1 - 0.5 * self_shadow(canvas, height, scene.light))
    body = canvas.owner >= 0
    lit = albedo * diffuse[..., None] + (gloss * np.where(cloth, 0.01, 0.075))[..., None]
    ground = behind * (cast_shadow(canvas, height, scene.light, scene.gap) * np.float32(0.9))[..., None]
    linear = np.where(body[..., None], lit, ground).astype(np.float32)
    labels = canvas.label
    if scene.light.shade:
        light, core = band_shadow(rng, shape, scene.light.shade)
        linear *= light[..., None]
        labels = np.where(core & (labels != BACKGROUND), UNCERTAIN, labels).astype(np.uint8)
    if scene.finger:
        linear, labels = finger_on_lens(rng, linear, labels, scene)
    return linear, labels


def backdrop(scene: Scene, canvas: Canvas, rng: np.random.Generator) -> Floats:
    """Paint the background, with a floor below upright people."""
    shape, unit = canvas.label.shape, scene.camera.scale
    wall = MATERIALS[scene.material](rng, shape, unit)
    if scene.floor is None:
        return wall
    edge = int(scene.camera.pixel((0, 86))[1])
    if edge >= shape[0] - 2:
        return wall
    floor = MATERIALS[scene.floor](rng, (shape[0] - max(edge, 0), shape[1]), unit)
    wall[max(edge, 0) :] = floor * np.float32(0.85)
    return wall


def paint(
    scene: Scene, canvas: Canvas, rng: np.random.Generator, fine: Floats, coarse: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Albedo (H, W, 3) of the body and clothes, and where clothes are."""
    albedo = np.zeros((*canvas.label.shape, 3), np.float32)
    cloth = np.zeros(canvas.label.shape, bool)
    order = np.argsort(canvas.owner, axis=None, kind="stable")
    owners = canvas.owner.ravel()[order]
    flat, u, v = albedo.reshape(-1, 3), canvas.u.ravel(), canvas.v.ravel()
    fine_flat, coarse_flat = fine.ravel(), coarse.ravel()
    rash = clouds(rng, canvas.label.shape, 2.2 * scene.camera.scale, 3).ravel()
    for index, tube in enumerate(canvas.tubes):
        first, last = np.searchsorted(owners, [index, index + 1])
        marks_rng = np.random.default_rng([index, int(scene.person.ita * 1e6) % 2**31])
        if first == last:
            continue
        at = order[first:last]
        grain = fine_flat[at]
        if tube.surface == "cloth":
            flat[at] = paint_cloth(tube, u[at], v[at], grain)
            cloth.ravel()[at] = True
        elif tube.surface == "hair":
            flat[at] = paint_hair(tube, scene.person, u[at], v[at], grain)
        elif tube.surface == "nail":
            flat[at] = paint_nail(scene.person, u[at], v[at])
        else:
            spots = draw_marks(marks_rng, scene.person, tube, u[at], v[at], rash[at])
            flat[at] = paint_skin(tube, scene.person, u[at], v[at], grain, coarse_flat[at], spots)
    return albedo, cloth


def finger_on_lens(
    rng: np.random.Generator, linear: Floats, labels: NDArray[np.uint8], scene: Scene
) -> tuple[Floats, NDArray[np.uint8]]:
    """Paint a blurred fingertip over a corner of the picture, labelled where it covers at least half."""
    height, width = labels.shape
    corner = (float(rng.choice([0, height])), float(rng.choice([0, width])))
    radius = float(rng.uniform(0.16, 0.3)) * min(height, width)
    y = (np.arange(height, dtype=np.float32) - corner[0])[:, None]
    x = (np.arange(width, dtype=np.float32) - corner[1])[None, :]
    distance = np.hypot(y * np.float32(rng.uniform(0.6, 1.2)), x) / radius
    cover = np.clip((1.2 - distance) / 0.4, 0, 1)
    cover = cover * cover * (3 - 2 * cover)
    colour = scene.person.skin * np.array([0.8, 0.5, 0.42], np.float32)
    mixed = linear + (colour * (0.5 + 0.35 * distance[..., None]) - linear) * cover[..., None]
    return mixed.astype(np.float32), np.where(cover >= 0.5, UNCERTAIN, labels).astype(np.uint8)
