"""The head: face with ears and nose, hair by style, seen from the front or the back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.synthetic.people import BACKGROUND, FACE, SCALP, TRUNK, Person, Pose
from trainer.synthetic.shapes import Point, Tube, along, symmetric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.synthetic.noise import Floats

CHIN: Point = (0.0, -61.5)
TEMPLE = 13.6
"""From the chin up to where the head is widest, cm; a half-ellipse closes it above."""
CROWN = 20.6
HAIRLINE = {"short": 16.6, "long": 16.4, "bun": 16.8, "shaved": 16.6, "receding": 18.0}


def over_hairline(style: str, back: bool, u: Floats, v: Floats) -> Floats:
    """Centimetres above the hairline, negative below: an arch in front, low on the neck behind."""
    strands = 0.2 * np.sin(v * 4.3) + 0.13 * np.sin(v * 11.7 + 1) + 0.08 * np.sin(v * 29)
    if back:
        return np.asarray(u - 2.0 - 0.03 * v**2 - 1.3 * strands, np.float32)
    side = np.abs(v) / 7.5
    corner = 1.7 * np.exp(-(((side - 0.6) / 0.18) ** 2)) if style == "receding" else 0.0
    arch = HAIRLINE[style] + strands - 0.6 * side**2 - 15 * np.maximum(side - 0.74, 0) ** 0.7 + corner
    return np.asarray(u - arch, np.float32)


def head(person: Person, pose: Pose) -> list[Tube]:
    """Skull, face, ears, nose and hair."""
    up = 180 + pose.head_tilt
    style, back = person.hair_style, pose.back
    b = person.build**0.5
    tubes = []
    for sign in (-1, 1):
        low, high = (along(along(CHIN, up, at), up + 90 * sign, out) for at, out in ((8.1, 7.0), (12.0, 7.6)))
        shape = symmetric((0, 0.8), (0.7, 1.5), (1, 1.1))
        tubes.append(Tube("ear", low, high, shape, FACE, depth=0.5, traits={"ear": 1}))
    skull = symmetric((0, 4.3 * b), (0.2, 5.9 * b), (0.48, 6.9 * b), (0.8, 7.4), (1, 7.5))
    caps = (0.55, (CROWN - TEMPLE) / 7.5)
    traits = {"face": float(not back), "head": 1}

    def shaved(u: Floats, v: Floats) -> NDArray[np.bool_]:
        return over_hairline(style, back, u, v) > 0

    relabel = ((SCALP, shaved),) if style == "shaved" else ()
    label = TRUNK if back else FACE
    top = along(CHIN, up, TEMPLE)
    tubes.append(
        Tube(
            "head",
            CHIN,
            top,
            skull,
            label,
            "skin",
            (1, 0),
            1.05,
            caps,
            blend=2,
            relabel=relabel,
            traits=traits,
        )
    )
    if not back:
        nose = symmetric((0, 1.7), (0.18, 1.55), (0.45, 0.95), (1, 0.7))
        low, high = along(CHIN, up, 7.0), along(CHIN, up, 12.0)
        z = (7.5, 7.1)
        tubes.append(
            Tube("nose", low, high, nose, FACE, "skin", z, 0.95, (0.5, 1), blend=1.6, traits={"nose": 1})
        )
    return tubes if style == "shaved" else tubes + hair(person, pose, up)


def hair(person: Person, pose: Pose, up: float) -> list[Tube]:
    """Build a cap of hair, a bun on top, or long hair behind; below the chin it counts as background."""
    style, back = person.hair_style, pose.back
    full = 0.25 if style in ("receding", "bun") else 0.75
    traits = {"front": float(not back), "part": 2.6 if person.shoulders > 1 else -2.4, "bald": person.bald}

    def grown(u: Floats, v: Floats) -> NDArray[np.bool_]:
        return over_hairline(style, back, u, v) > 0

    shape = symmetric(
        (0, 4.4), (0.2, 6.0), (0.48, 7.0 + 0.3 * full), (0.8, 7.5 + full * 0.8), (1, 7.6 + full)
    )
    caps = (0.55, (CROWN + full * 1.3 - TEMPLE) / (7.6 + full))
    temple = along(CHIN, up, TEMPLE)
    cap = Tube(
        "hair",
        CHIN,
        temple,
        shape,
        SCALP,
        "hair",
        (1.25, 0.2),
        1.06,
        caps,
        clip=grown,
        blend=0.8,
        traits=traits,
    )
    tubes = [cap]
    if style == "bun":
        low, high = along(CHIN, up, CROWN), along(CHIN, up, CROWN + 2.4)
        ball = symmetric((0, 3.6), (1, 3.3))
        tubes.append(Tube("bun", low, high, ball, SCALP, "hair", (2, 2), 0.9, blend=0.3, traits=traits))
    if style == "long":
        tubes.insert(0, mane(person, pose, up, traits))
    return tubes


def mane(person: Person, pose: Pose, up: float, traits: dict[str, float]) -> Tube:
    """Long hair down the back."""
    start = along(CHIN, up, 13.5)
    end = along(start, pose.head_tilt / 3, 22 + 60 * (person.shoulders - 0.9))

    def below_chin(u: Floats, v: Floats) -> NDArray[np.bool_]:
        return np.asarray(u > 13.5 + 0.15 * np.sin(v * 7))

    def ends(u: Floats, v: Floats) -> NDArray[np.bool_]:
        length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
        return np.asarray(u < length + 1.6 + 0.7 * np.sin(v * 2.3) + 0.5 * np.sin(v * 9) - 0.03 * v**2)

    shape = symmetric((0, 8.2), (0.35, 9.0), (0.8, 9.2), (1, 8.6))
    depth, z = (0.75, (9.0, 8.0)) if pose.back else (0.3, (-4.0, -2.0))
    return Tube(
        "mane", start, end, shape, SCALP, "hair", z, depth, (0.9, 0.5), clip=ends, blend=0.05,
        relabel=((BACKGROUND, below_chin),), traits=traits,
    )  # fmt: skip
