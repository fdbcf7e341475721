"""The head: face with ears and nose, hair by style, seen from the front or the back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.synthetic.body import along, symmetric
from trainer.synthetic.noise import Floats
from trainer.synthetic.people import BACKGROUND, FACE, SCALP, TRUNK, Person, Pose
from trainer.synthetic.shapes import Region, Tube

LENGTH = 21.0
CHIN = (0.0, -61.5)
HAIRLINE = {"short": 17.2, "long": 17.0, "bun": 17.4, "shaved": 17.2, "receding": 18.6}


def above_hairline(style: str) -> Region:
    """Above the hairline seen from the front: a soft arch, dipping at the temples."""
    height = HAIRLINE[style]

    def region(u: Floats, v: Floats) -> NDArray[np.bool_]:
        side = np.abs(v) / 7.6
        corner = 1.6 * np.exp(-(((side - 0.62) / 0.17) ** 2)) if style == "receding" else 0.0
        return np.asarray(u > height - 7.5 * np.maximum(side - 0.72, 0) ** 0.75 * 2.2 + corner)

    return region


def nape(u: Floats, v: Floats) -> NDArray[np.bool_]:
    """Above the hairline seen from the back."""
    return np.asarray(u > 2.2 + 0.02 * v**2)


def head(person: Person, pose: Pose) -> list[Tube]:
    """Skull, face, ears, nose and hair."""
    up = 180 + pose.head_tilt
    crown = along(CHIN, up, LENGTH)
    b = person.build**0.5
    skull = symmetric(
        (0, 4.3 * b), (0.13, 5.9 * b), (0.32, 6.9 * b), (0.55, 7.4), (0.75, 7.5), (0.9, 6.4), (1.0, 4.6)
    )
    style = person.hair_style
    region = nape if pose.back else above_hairline(style)
    traits = {"face": float(not pose.back), "head": 1, "beard": person.beard}
    label = TRUNK if pose.back else FACE
    tubes = []
    for sign in (-1, 1):
        low, high = (
            along(along(CHIN, up, 8.3), up + 90 * sign, 7.1),
            along(along(CHIN, up, 12.4), up + 90 * sign, 7.6),
        )
        tubes.append(
            Tube(
                "ear",
                low,
                high,
                symmetric((0, 0.8), (0.7, 1.5), (1, 1.1)),
                FACE,
                z=(0, 0),
                depth=0.5,
                traits={"ear": 1},
            )
        )
    shaved = ((SCALP, region),) if style == "shaved" else ()
    tubes.append(
        Tube(
            "head",
            CHIN,
            crown,
            skull,
            label,
            z=(1, 0),
            depth=1.05,
            caps=(0.55, 0.5),
            relabel=shaved,
            blend=2,
            traits=traits,
        )
    )
    if not pose.back:
        nose = symmetric((0, 1.75), (0.18, 1.6), (0.45, 0.95), (1, 0.7))
        tubes.append(
            Tube(
                "nose",
                along(CHIN, up, 7.2),
                along(CHIN, up, 12.2),
                nose,
                FACE,
                z=(7.7, 7.1),
                depth=0.95,
                caps=(0.5, 1),
                blend=1.6,
                traits={"nose": 1},
            )
        )
    if style != "shaved":
        tubes += hair(person, pose, up, region)
    return tubes


def hair(person: Person, pose: Pose, up: float, region: Region) -> list[Tube]:
    """A cap of hair; a bun on top, or long hair behind. Hair that hangs below the chin is background."""
    style = person.hair_style
    traits = {"tilt": pose.head_tilt, "back": float(pose.back)}
    puff = 1.07 if style in ("receding", "bun") else 1.13
    cap = symmetric(
        (0, 4.4 * puff),
        (0.13, 6.1 * puff),
        (0.32, 7.1 * puff),
        (0.55, 7.6 * puff),
        (0.75, 7.7 * puff),
        (0.9, 6.6 * puff),
        (1, 4.8 * puff),
    )
    z = (1.3, 0.3)
    tubes = [
        Tube(
            "hair",
            CHIN,
            along(CHIN, up, LENGTH + puff),
            cap,
            SCALP,
            "hair",
            z,
            1.08,
            (0.5, 0.55),
            clip=region,
            blend=0.05,
            traits=traits,
        )
    ]
    if style == "bun":
        top = along(CHIN, up, LENGTH + 2.2)
        tubes.insert(
            0,
            Tube(
                "bun",
                along(top, up, -1),
                along(top, up, 1.8),
                symmetric((0, 3.9), (1, 3.6)),
                SCALP,
                "hair",
                (-1, -1),
                0.9,
                blend=0.3,
                traits=traits,
            ),
        )
    if style == "long":
        length = 24.0 + 12 * (person.shoulders - 0.9) / 0.2
        start = along(CHIN, up, 14.5)
        mane = symmetric((0, 8.9), (0.35, 9.6), (0.8, 9.2), (1, 7.0))
        below: Region = lambda u, v: np.asarray(u > 14.5)  # noqa: E731
        depth, z2 = (0.75, (9.0, 8.0)) if pose.back else (0.3, (-4.0, -2.0))
        tubes.append(
            Tube(
                "mane",
                start,
                along(start, pose.head_tilt / 3, length),
                mane,
                SCALP,
                "hair",
                z2,
                depth,
                (0.9, 0.35),
                relabel=((BACKGROUND, below),),
                blend=0.05,
                traits=traits,
            )
        )
    return tubes
