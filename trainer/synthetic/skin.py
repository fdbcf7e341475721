"""Skin and hair: pigment and blood as optical densities over a base colour, so that hue follows anatomy."""

from __future__ import annotations

import numpy as np

from trainer.synthetic.head import CHIN, LENGTH
from trainer.synthetic.noise import Floats
from trainer.synthetic.people import Person
from trainer.synthetic.shapes import Tube

MELANIN = np.array([0.75, 1.25, 1.75], np.float32)
BLOOD = np.array([0.12, 0.85, 0.62], np.float32)


def _spot(u: Floats, v: Floats, at: tuple[float, float], size: tuple[float, float]) -> Floats:
    return np.exp(-(((u - at[0]) / size[0]) ** 2) - ((v - at[1]) / size[1]) ** 2).astype(np.float32)


def _line(distance: Floats, width: float) -> Floats:
    return np.clip(1.3 - np.abs(distance) / width, 0, 1).astype(np.float32)


def paint_skin(
    tube: Tube, person: Person, u: Floats, v: Floats, grain: Floats, mottle: Floats, marks: Floats
) -> Floats:
    """Linear RGB (N, 3) of skin at tube coordinates `u`, `v` (N,) in cm.

    `grain` and `mottle` are fine and coarse noise (N,); `marks` (N, 2) adds pigment and blood of moles and rashes.
    """
    dark = float(np.clip((40 - person.ita) / 100, 0, 1))
    pigment = 0.05 * mottle + 0.02 * grain + marks[:, 0]
    blood = 0.07 * mottle[::-1] + marks[:, 1]
    traits = tube.traits
    if traits.get("palm") or traits.get("sole"):
        pigment = pigment - 0.15 - 0.75 * dark
        blood = blood + 0.16
    elif "hand" in traits or "foot" in traits:
        blood = blood + 0.06
        pigment = pigment + 0.05
    if "digit" in traits:
        blood = blood + 0.16 * np.clip(u / traits["digit"], 0, 1) ** 2
        crease = _line(u - 0.44 * traits["digit"], 0.12) + _line(u - 0.5 * traits["digit"], 0.1)
        pigment = pigment + crease * (0.18 + 0.1 * dark)
    if tube.name == "palm" and traits.get("palm"):
        lines = (
            _line(v - 0.09 * (u - 3) ** 2 + 1.6, 0.1)
            + _line(u - 6.6 - 0.1 * v, 0.1)
            + _line(u - 5.2 - 0.25 * v, 0.1)
        )
        blood, pigment = blood + 0.3 * lines, pigment + 0.25 * lines * (0.4 + dark)
    if traits.get("knee"):
        blood, pigment = (
            blood + 0.1 * _spot(u, v, (0, 0), (4, 4)),
            pigment + 0.12 * _spot(u, v, (0, 0), (3.5, 3.5)),
        )
    if tube.name == "torso" and traits.get("torso"):
        pigment = pigment + _torso_lines(u, v, back=bool(traits["back"]))
    if "ear" in traits or "nose" in traits:
        blood = blood + 0.12
    base = np.broadcast_to(person.skin, (u.size, 3)) * np.exp(
        -pigment[:, None] * MELANIN - blood[:, None] * BLOOD
    )
    if traits.get("face"):
        base = _face(base.astype(np.float32), tube, person, u, v, grain)
    return np.minimum(base, 0.92).astype(np.float32)


def _torso_lines(u: Floats, v: Floats, back: bool) -> Floats:
    if back:
        spine = _line(v, 0.9) * np.clip((u - 8) / 6, 0, 1) * np.clip((56 - u) / 8, 0, 1)
        return 0.12 * spine
    navel = _spot(u, v, (40, 0), (0.9, 0.6)) * 0.7
    collar = (_line(u - 7.5 - 0.03 * (np.abs(v) - 9) ** 2, 0.7)) * (np.abs(v) < 14) * (np.abs(v) > 2) * 0.1
    middle = _line(v, 0.8) * (u > 12) * (u < 38) * 0.07
    return np.asarray(navel + collar + middle, np.float32)


def _face(base: Floats, tube: Tube, person: Person, u: Floats, v: Floats, grain: Floats) -> Floats:
    """Closed eyes, brows, lips, cheeks, beard: `u` from the chin up, `v` to the right, in cm."""
    side = np.abs(v)
    cheeks = _spot(u, side, (7.6, 4.3), (2.0, 1.8)) * 0.22
    socket = _spot(u, side, (11.2, 3.1), (1.1, 1.7)) * 0.16
    arch = 4.05 + 0.12 * np.cos(v * 2.4) - 0.035 * v**2
    middle = 3.75 + 0.03 * v**2
    upper = np.clip((middle + 0.85 - 0.16 * v**2 - 0.12 * np.cos(v * 3) - u) * 5, 0, 1) * (u > middle)
    lower = np.clip((u - middle + 1.0 - 0.2 * v**2) * 5, 0, 1) * (u <= middle)
    lips = np.where(side < 2.6, np.maximum(upper, lower), 0) * (arch > 0)
    mouth = _line(u - middle, 0.11) * (side < 2.45)
    shadow = _spot(u, v, (2.45, 0), (0.4, 1.5)) * 0.12 + _spot(u, side, (6.7, 0.75), (0.22, 0.42)) * 0.75
    blood = 0.62 * lips + cheeks
    pigment = 0.18 * lips + socket + shadow + 0.9 * mouth
    colour = base * np.exp(-pigment[:, None] * MELANIN - blood[:, None] * BLOOD)
    lid = _line(u - (10.55 + 0.16 * (side - 3.1) ** 2), 0.13) * (np.abs(side - 3.1) < 1.45)
    fold = _line(u - (11.55 - 0.1 * (side - 3.1) ** 2), 0.09) * (np.abs(side - 3.1) < 1.3) * 0.25
    brow_at = 13.1 + 0.35 * np.cos((side - 3.6) * 0.9)
    brow = np.clip(1.5 - np.abs(u - brow_at) / (0.34 - 0.05 * np.abs(side - 2.6)), 0, 1) * (
        np.abs(side - 3.1) < 1.95
    )
    colour = colour * (1 - 0.86 * np.maximum(lid, fold))[:, None]
    cover = brow * np.clip(0.75 + 0.3 * grain, 0, 1)
    if person.beard:
        jaw = np.clip((5.4 + 0.11 * v**2 - u) * 0.8, 0, 1) * (1 - np.clip(lips + mouth, 0, 1))
        gap = _spot(u, v, (2.4, 0), (0.5, 1.1)) * 0.5
        cover = np.maximum(cover, jaw * (1 - gap) * np.clip(person.beard * (0.55 + 0.5 * grain), 0, 1))
    hair = person.hair * np.float32(0.8)
    return np.asarray(colour + (hair - colour) * cover[:, None], np.float32)


def paint_nail(person: Person, u: Floats, v: Floats) -> Floats:
    """Linear RGB of a nail: paler and pinker than its finger."""
    base = person.skin * np.exp(-(0.12 + 0.0 * u)[:, None] * BLOOD)
    pale = np.array([0.62, 0.42, 0.38], np.float32)
    return np.asarray(base + (pale - base) * 0.45, np.float32)


def paint_hair(tube: Tube, person: Person, u: Floats, v: Floats, grain: Floats) -> Floats:
    """Linear RGB of strands that run along the tube and fan out from the crown."""
    fan = v / (3.5 + 0.25 * np.abs(u - LENGTH)) if tube.name == "hair" else v * 0.55
    wave = 0.35 * np.sin(u * 0.45 + v * 0.3)
    strands = (
        np.sin((fan + wave * 0.3) * 23) * 0.5 + np.sin((fan + 0.2 * wave) * 57 + 1.3) * 0.35 + 0.45 * grain
    )
    sheen = np.exp(-(((u - (15.5 if tube.name == "hair" else 6) - 0.4 * wave) / 2.2) ** 2)) * 0.35
    level = np.clip(0.85 + 0.35 * strands + sheen * (1 + strands), 0.25, 2.4)
    return np.asarray(person.hair * level[:, None] + 0.03 * sheen[:, None], np.float32)


def in_stubble(tube: Tube, person: Person) -> bool:
    """Whether the scalp of this tube is skin with shaved hair."""
    return tube.name == "head" and person.hair_style == "shaved" and CHIN is not None
