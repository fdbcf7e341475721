"""Woven and knitted cloth in the coordinates of the tube that wears it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.synthetic.clothes import CLOTHS
from trainer.synthetic.noise import Floats, linear_from_srgb

if TYPE_CHECKING:
    from trainer.synthetic.shapes import Tube

NAVY, CREAM = (46, 58, 112), (232, 226, 212)


def _between(first: tuple[float, float, float], second: tuple[float, float, float], amount: Floats) -> Floats:
    a, b = linear_from_srgb(first), linear_from_srgb(second)
    return a + (b - a) * np.clip(amount, 0, 1)[:, None]


def paint_cloth(tube: Tube, u: Floats, v: Floats, grain: Floats) -> Floats:
    """Linear RGB (N, 3) of cloth at tube coordinates `u`, `v` (N,) in cm; `grain` is noise (N,)."""
    kind, tone = CLOTHS[int(tube.traits["cloth"])], tube.traits["tone"]
    if kind == "denim":
        twill = 0.5 + 0.5 * np.sin((u + v) * 16)
        worn = 0.35 + 0.3 * tone - 0.012 * v**2 / 4 + 0.18 * grain + 0.22 * (twill - 0.5)
        colour = _between((36, 54, 98), (122, 150, 196), worn)
        seam = np.abs(np.abs(v) - 0.93 * 8) < 0.12
        return np.where((seam & (np.sin(u * 8) > -0.2))[:, None], linear_from_srgb((190, 140, 70)), colour)
    if kind == "ribbed":
        rib = 0.5 + 0.5 * np.sin(v * 5.5)
        band = (np.abs(u - tube.traits["low"]) < 2.2).astype(np.float32)
        level = np.float32((0.04, 0.16, 0.5, 0.75)[int(tone * 3.99)])
        shade = level * (0.8 + 0.2 * rib + 0.12 * band + 0.05 * grain)
        return np.repeat(shade[:, None], 3, axis=1).astype(np.float32)
    if kind == "stripes":
        return (
            _between(CREAM, NAVY, np.clip(np.sin(u * (1.6 + tone)) * 6 - 1, 0, 1))
            * (1 + 0.05 * grain)[:, None]
        )
    if kind == "knit":
        stitch = np.sin(u * 7 + 2.2 * np.abs(((v * 1.6) % 1) - 0.5) * 4)
        return _between((92, 26, 40), (170, 62, 74), 0.3 + 0.3 * tone + 0.3 * stitch + 0.1 * grain)
    if kind == "dots":
        row = np.floor(u / 3.2)
        du, dv = (u / 3.2) % 1 - 0.5, ((v / 3.2) + 0.5 * (row % 2)) % 1 - 0.5
        return (
            _between((206, 158, 50), CREAM, np.clip((0.24 - np.hypot(du, dv)) * 20, 0, 1))
            * (1 + 0.06 * grain)[:, None]
        )
    across = 0.5 * (np.sin(u * 1.3) > 0.35) + 0.5 * (np.sin(v * 1.3) > 0.35)
    line = (np.abs(np.sin(u * 0.65)) > 0.995) | (np.abs(np.sin(v * 0.65)) > 0.995)
    colour = _between((150, 62, 50), (44, 74, 58), across + 0.08 * grain)
    return np.where(line[:, None], linear_from_srgb((214, 196, 130)), colour)
