"""Skin and nails: densities of pigment and blood over a base colour, so that hue follows anatomy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.synthetic.faces import paint_face, paint_stubble
from trainer.synthetic.marks import BLOOD, MELANIN, line, spot

if TYPE_CHECKING:
    from trainer.synthetic.noise import Floats
    from trainer.synthetic.people import Person
    from trainer.synthetic.shapes import Tube


def paint_skin(
    tube: Tube, person: Person, u: Floats, v: Floats, grain: Floats, mottle: Floats, marks: Floats
) -> Floats:
    """Linear RGB (N, 3) of skin at tube coordinates `u`, `v` (N,) in cm.

    `grain` and `mottle` are fine and coarse noise (N,); `marks` (N, 2) adds pigment and blood.
    """
    pigment = 0.035 * mottle + 0.02 * grain + marks[:, 0]
    blood = 0.04 * mottle + marks[:, 1]
    traits = tube.traits
    shift = _anatomy(tube, person, u, v)
    pigment, blood = pigment + shift[0], blood + shift[1]
    base = np.broadcast_to(person.skin, (u.size, 3)) * np.exp(
        -pigment[:, None] * MELANIN - blood[:, None] * BLOOD
    )
    if traits.get("face"):
        base = paint_face(base.astype(np.float32), person, u, v, grain)
    if "head" in traits and person.hair_style == "shaved":
        base = paint_stubble(base.astype(np.float32), tube, person, u, v, grain)
    return np.minimum(base, 0.92).astype(np.float32)


def _anatomy(tube: Tube, person: Person, u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Pigment and blood by place: pale palms and soles, red fingertips and ears, creases, knees, trunk."""
    traits = tube.traits
    dark = float(np.clip((40 - person.ita) / 100, 0, 1))
    pigment, blood = np.zeros(u.size, np.float32), np.zeros(u.size, np.float32)
    if traits.get("palm") or traits.get("sole"):
        fade = np.clip((u + 0.5) / 3.5, 0, 1) if tube.name in ("palm", "foot") else 1.0
        pigment -= (0.15 + 0.75 * dark) * fade
        blood += 0.1
    elif "hand" in traits or "foot" in traits:
        blood += 0.06
        pigment += 0.05
    if "digit" in traits:
        blood += 0.16 * np.clip(u / traits["digit"], 0, 1) ** 2
        crease = line(u - 0.44 * traits["digit"], 0.12) + line(u - 0.5 * traits["digit"], 0.1)
        pigment += crease * (0.18 + 0.1 * dark)
    if tube.name == "palm" and traits.get("palm"):
        lines = (
            line(v - 0.09 * (u - 3) ** 2 + 1.6, 0.1)
            + line(u - 6.6 - 0.1 * v, 0.1)
            + line(u - 5.2 - 0.25 * v, 0.1)
        )
        blood += 0.3 * lines
        pigment += 0.25 * lines * (0.4 + dark)
    if traits.get("knee"):
        blood += 0.1 * spot(u, v, (0, 0), (4, 4))
        pigment += 0.12 * spot(u, v, (0, 0), (3.5, 3.5))
    if tube.name == "torso" and traits.get("torso"):
        pigment += _torso_lines(u, v, back=bool(traits["back"]))
    if "ear" in traits or "nose" in traits:
        blood += 0.12
    return pigment, blood


def _torso_lines(u: Floats, v: Floats, back: bool) -> Floats:
    if back:
        spine = line(v, 0.9) * np.clip((u - 8) / 6, 0, 1) * np.clip((56 - u) / 8, 0, 1)
        return 0.12 * spine
    navel = spot(u, v, (40, 0), (0.9, 0.6)) * 0.7
    middle = line(v, 0.8) * (u > 12) * (u < 38) * 0.07
    return np.asarray(navel + middle, np.float32)


def paint_nail(person: Person, u: Floats, v: Floats) -> Floats:
    """Linear RGB of a nail: paler and pinker than its finger."""
    base = person.skin * np.exp(-(0.12 + 0.0 * u)[:, None] * BLOOD)
    pale = np.array([0.62, 0.42, 0.38], np.float32)
    return np.asarray(base + (pale - base) * 0.45, np.float32)
