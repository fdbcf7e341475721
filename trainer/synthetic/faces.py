"""The painted part of a face: closed eyes, brows, lips, cheeks, beard, and stubble on a shaved head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.synthetic.head import over_hairline
from trainer.synthetic.marks import BLOOD, MELANIN, Values, line, spot

if TYPE_CHECKING:
    from trainer.synthetic.noise import Floats
    from trainer.synthetic.people import Person
    from trainer.synthetic.shapes import Tube


def paint_face(skin: Floats, person: Person, u: Floats, v: Floats, grain: Floats) -> Floats:
    """Linear RGB (N, 3) of a face over its skin: `u` from the chin up, `v` to the right, in cm."""
    side = np.abs(v)
    lips, mouth = _mouth(u, v)
    cheeks = spot(u, side, (7.4, 4.4), (2.0, 1.9)) * 0.25
    socket = spot(u, side, (11.1, 3.1), (1.0, 1.6)) * 0.14
    below = spot(u, v, (2.3, 0), (0.4, 1.5)) * 0.1 + spot(u, side, (6.75, 0.8), (0.2, 0.42)) * 0.7
    pigment = 0.12 * lips + socket + below + 0.75 * mouth
    blood = 0.85 * lips + cheeks + 0.25 * mouth
    colour = skin * np.exp(-pigment[:, None] * MELANIN - blood[:, None] * BLOOD)
    lid, fold, brow = _eyes(u, side)
    colour = colour * (1 - 0.85 * np.maximum(lid, fold * 0.28))[:, None]
    cover = brow * np.clip(0.75 + 0.3 * grain, 0, 1)
    if person.beard:
        jaw = np.clip((5.6 + 0.1 * v**2 - u) * 0.7, 0, 1) * (1 - np.clip(lips + mouth, 0, 1))
        bare = spot(u, v, (2.5, 0), (0.4, 0.9)) * 0.5
        cover = np.maximum(cover, jaw * (1 - bare) * np.clip(person.beard * (0.6 + 0.45 * grain), 0, 1))
    hair = person.hair * np.float32(0.75)
    return np.asarray(colour + (hair - colour) * cover[:, None], np.float32)


def _mouth(u: Floats, v: Floats) -> tuple[Values, Values]:
    """Return the share of lip in each pixel, and the line between the lips."""
    middle = 4.1 + 0.035 * v**2
    taper = np.sqrt(np.clip(1 - (v / 2.55) ** 2, 0, 1))
    bow = 0.12 * np.cos(np.clip(np.abs(v) * 2.6, 0, np.pi))
    upper = np.clip((middle + (0.72 - bow) * taper - u) * 6, 0, 1) * (u > middle)
    lower = np.clip((u - middle + 1.0 * taper) * 6, 0, 1) * (u <= middle)
    lips = np.where(np.abs(v) < 2.5, np.maximum(upper, lower), 0)
    return lips, line(u - middle, 0.09) * (np.abs(v) < 2.45)


def _eyes(u: Floats, side: Floats) -> tuple[Values, Values, Values]:
    """Lash line, lid fold and brow of a closed eye; `side` is the distance from the middle."""
    x = side - 3.15
    lash = line(u - (10.5 + 0.17 * x**2), 0.12 + 0.05) * (np.abs(x) < 1.5)
    fold = line(u - (11.55 - 0.13 * x**2), 0.09) * (np.abs(x) < 1.35)
    middle = 13.2 + 0.4 * np.cos((x - 0.5) * 0.9)
    thick = np.clip(0.4 - 0.09 * (x + 1.2), 0.14, 0.45)
    brow = np.clip(1.5 - np.abs(u - middle) / thick, 0, 1) * np.clip((2.05 - np.abs(x)) * 3, 0, 1)
    return lash, fold, brow


def paint_stubble(skin: Floats, tube: Tube, person: Person, u: Floats, v: Floats, grain: Floats) -> Floats:
    """Shaved hair: the scalp's skin with dots of hair colour."""
    edge = over_hairline("shaved", not tube.traits["face"], u, v)
    cover = (edge > 0) * np.clip(0.25 + 0.25 * np.minimum(edge, 1) + 0.22 * grain, 0, 0.85)
    return np.asarray(skin + (person.hair * np.float32(0.9) - skin) * cover[:, None], np.float32)
