"""From a person and a pose to tubes: trunk and limbs. Centimetres, y down.

The hip joints lie at y = 0, the chin near -62, the crown near -85, the soles near +92.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.synthetic.extremities import foot, hand
from trainer.synthetic.people import ANOGENITAL, LIMB, TRUNK, Person, Pose
from trainer.synthetic.shapes import Point, Region, Tube, along, symmetric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.synthetic.noise import Floats

NECK: Point = (0.0, -56.0)
CROTCH: Point = (0.0, 6.0)


def pelvic(start: Point, end: Point, back: bool) -> Region:
    """Return a test for the neutral region between the legs, in coordinates of the tube `start` to `end`."""
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    top, slope = (2.0, 0.25) if back else (-3.0, 0.42)

    def region(u: Floats, v: Floats) -> NDArray[np.bool_]:
        x, y = start[0] + u * dx - v * dy, start[1] + u * dy + v * dx
        return np.asarray((y > top) & (y < 7.5) & (np.abs(x) < 1.6 + slope * (7.5 - y)))

    return region


def trunk(person: Person, pose: Pose) -> list[Tube]:
    """Neck and torso; between the legs a smooth region without detail is a class of its own."""
    s, b, h = person.shoulders, person.build, person.hips
    widths = symmetric(
        (0.0, 6.2), (0.05, 8.2 * s), (0.13, 12.8 * s), (0.23, 16.4 * s), (0.35, 16.7 * s),
        (0.55, 13.2 * b), (0.72, 14.6 * (b + h) / 2), (0.88, 16.8 * h), (0.96, 15.5 * h), (1.0, 12.5),
    )  # fmt: skip
    relabel = ((ANOGENITAL, pelvic(NECK, CROTCH, pose.back)),)
    traits = {"back": float(pose.back), "torso": 1}
    torso = Tube(
        "torso", NECK, CROTCH, widths, TRUNK, "skin", (0, -4), 0.6, (0.4, 0.2), pose.lean, blend=4,
        relabel=relabel, traits=traits,
    )  # fmt: skip
    throat = symmetric((0, 6.6 * b**0.5), (0.4, 5.5), (1, 5.3))
    return [Tube("neck", (0, -50), (0, -64), throat, TRUNK, z=(-1, -3), blend=4), torso]


def arm(person: Person, pose: Pose, side: int) -> list[Tube]:
    """Upper arm, forearm and hand of one side (0 the image's left, 1 its right)."""
    sign, b = (-1 if side == 0 else 1), person.build
    raised = max(pose.shoulder[side] - 60, 0) / 100
    shoulder = (sign * (16.6 - 2.5 * raised) * person.shoulders, -47.5 - 4 * raised)
    upper = sign * pose.shoulder[side]
    lower = upper + sign * pose.elbow[side]
    elbow = along(shoulder, upper, 29)
    wrist = along(elbow, lower, 25)
    front = 9.0 if abs(wrist[0]) < 15 and -50 < wrist[1] < 12 else 1.0
    if pose.back:
        front = -14.0 if front > 1 else 1.0
    top = symmetric((0, 6.3 * b), (0.3, 5.5 * b), (0.7, 4.8 * b), (1, 4.2 * b**0.5))
    bulge = (5.1 * b, 4.6 * b) if sign > 0 else (4.6 * b, 5.1 * b)
    low = ((0.0, 4.2 * b**0.5, 4.2 * b**0.5), (0.25, *bulge), (0.7, 3.5, 3.5), (1.0, 2.8, 2.8))
    palm = pose.palms[side]
    bridge = symmetric((0, 5.0), (0.5, 5.0), (1, 5.7 * b))
    return [
        Tube("shoulder", (sign * 2, -50.5), shoulder, bridge, TRUNK, z=(0, 1.2), depth=0.8, blend=5),
        Tube("upper arm", shoulder, elbow, top, LIMB, z=(1.5, 2 + front / 2), blend=5),
        Tube(
            "forearm",
            elbow,
            wrist,
            low,
            LIMB,
            caps=(1, 0.6),
            z=(2 + front / 2, 2 + front),
            traits={"inner": float(palm)},
        ),
        *hand(wrist, lower + sign * pose.wrist[side], 2.7 + front, pose, side, palm),
    ]


def leg(person: Person, pose: Pose, side: int) -> list[Tube]:
    """Thigh, shin and foot of one side."""
    sign, b = (-1 if side == 0 else 1), person.build
    hip = (sign * 8.6 * person.hips, 1.0)
    upper = sign * pose.hip[side]
    lower = upper + sign * pose.knee[side]
    knee = along(hip, upper, 43)
    ankle = along(knee, lower, 40)
    thigh = symmetric((0, 9.0 * b), (0.15, 9.2 * b), (0.5, 8.0 * b), (0.85, 6.0 * b**0.7), (1, 5.7 * b**0.5))
    calf = (6.4 * b, 5.8 * b) if sign < 0 else (5.8 * b, 6.4 * b)
    shin = (
        (0.0, 5.5 * b**0.5, 5.5 * b**0.5),
        (0.28, *calf),
        (0.75, 4.0, 4.0),
        (0.93, 3.5, 3.5),
        (1.0, 3.8, 3.8),
    )
    relabel = ((ANOGENITAL, pelvic(hip, knee, pose.back)),)
    return [
        Tube("thigh", hip, knee, thigh, LIMB, z=(0.5, 0.5), depth=0.85, blend=4, relabel=relabel),
        Tube(
            "shin",
            knee,
            ankle,
            shin,
            LIMB,
            "skin",
            (0.5, 0),
            0.9,
            (1, 0.2),
            traits={"knee": float(not pose.back)},
        ),
        *foot(ankle, lower, pose, side),
    ]
