"""Strands of hair, painted in the coordinates of the tube that carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.synthetic.head import over_hairline

if TYPE_CHECKING:
    from trainer.synthetic.noise import Floats
    from trainer.synthetic.people import Person
    from trainer.synthetic.shapes import Tube


def paint_hair(tube: Tube, person: Person, u: Floats, v: Floats, grain: Floats) -> Floats:
    """Linear RGB (N, 3) of strands: they fan out from a parting or whorl, and hang down in long hair."""
    wave = np.sin(u * 0.45 + v * 0.3)
    cover = np.ones_like(u)
    if tube.name == "hair":
        front = bool(tube.traits["front"])
        away = v - np.float32(tube.traits["part"] if front else 0.6)
        if front:
            lock = away * 0.9 + np.sign(away) * np.clip(21 - u, 0, 12) ** 2 * 0.035 + 0.2 * wave
            cover = 1 - 0.45 * np.exp(-(((away - 0.1 * np.sin(u * 2)) / 0.13) ** 2)) * np.clip(
                (u - 17) / 1.5, 0, 1
            )
        else:
            lock = 4.2 * np.arctan2(away, np.maximum(18.5 - u, 0) + 1.2) + 0.2 * wave
            cover = 1 - 0.5 * np.exp(-((np.hypot(away, u - 18) / 0.7) ** 2))
        sheen = np.exp(-(((u - 17.3 + 0.05 * away**2) / 1.4) ** 2))
        edge = over_hairline(person.hair_style, not front, u, v)
    else:
        lock, edge = v * 1.2 + 0.5 * wave, np.full_like(u, 9)
        sheen = np.exp(-(((u - 4.0 - 0.8 * wave) / 2.6) ** 2))
    strands = 0.42 * np.sin(lock * 3.1) + 0.32 * np.sin(lock * 9.7 + 1.3) + 0.26 * np.sin(lock * 23 + wave)
    level = 0.85 + 0.36 * strands + 0.22 * grain + 0.5 * sheen * (0.7 + 0.6 * strands)
    colour = person.hair * np.clip(level, 0.3, 2.6)[:, None] + 0.03 * sheen[:, None]
    cover = cover * np.clip(0.6 + edge * 1.1 + 0.3 * strands, 0.35, 1)
    if tube.name == "hair" and tube.traits["bald"]:
        cover = cover * _thinning(u, v, tube.traits["bald"], grain)
    skin = person.skin * np.float32(0.95)
    return np.asarray(skin + (colour - skin) * cover[:, None], np.float32)


def _thinning(u: Floats, v: Floats, radius: float, grain: Floats) -> Floats:
    """Return the share of hair left around a bald patch near the crown."""
    distance = np.hypot(u - 14.5, v - 1.0) / radius
    return np.asarray(np.clip((distance - 0.75) * 2.5 + 0.25 * grain, 0.03, 1), np.float32)
