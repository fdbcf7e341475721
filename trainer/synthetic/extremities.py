"""Hands with fingers and feet with toes, as tubes. Centimetres, y down."""

from __future__ import annotations

from trainer.synthetic.people import FOOT, HAND, Pose
from trainer.synthetic.shapes import Point, Tube, along, symmetric


def hand(wrist: Point, heading: float, z: float, pose: Pose, side: int, palm: bool) -> list[Tube]:
    """Palm, four fingers and a thumb; nails on the back of the hand."""
    thumb = (1 if side == 0 else -1) * (-1 if pose.back else 1)
    centre = along(wrist, heading, 9.0)
    traits = {"palm": float(palm), "hand": 1}
    shape = symmetric((0, 2.75), (0.35, 3.6), (0.75, 4.2), (1, 4.0))
    tubes = [
        Tube(
            "palm",
            along(wrist, heading, -0.8),
            centre,
            shape,
            HAND,
            z=(z, z),
            depth=0.48,
            caps=(0.6, 0.35),
            traits=traits,
        )
    ]
    long = 1 - pose.curl
    for finger, (reach, width) in enumerate(((7.2, 0.86), (8.1, 0.9), (7.5, 0.85), (6.0, 0.74))):
        across = (1.5 - finger) * 2.05
        base = along(along(wrist, heading, 8.3 - 0.25 * abs(finger - 1)), heading + 90 * thumb, across)
        fan = heading + thumb * (1.5 - finger) * 7.5 * pose.spread
        tubes += digit(base, fan, reach * long, width, z, HAND, traits, nail=not palm)
    base = along(along(wrist, heading, 3.2), heading + 90 * thumb, 2.5)
    tubes += digit(
        base,
        heading + thumb * (30 + 14 * pose.spread),
        7.0 * (1 - pose.curl / 2),
        1.15,
        z + 0.3,
        HAND,
        traits,
        not palm,
    )
    return tubes


def foot(ankle: Point, heading: float, pose: Pose, side: int) -> list[Tube]:
    """Build a foot seen from above (or its sole), with five toes, foreshortened by `pose.point`."""
    sign = -1 if side == 0 else 1
    length = 19.0 * pose.point
    out = heading + sign * (12 if pose.point < 0.8 else 4)
    if pose.back and not pose.soles:
        length *= 0.45
    start = along(ankle, heading, -0.3)
    end = along(ankle, out, length)
    inner = (4.0, 4.6) if sign < 0 else (4.6, 4.0)
    heel = 4.2 if pose.soles else 4.0
    traits = {"sole": float(pose.soles), "foot": 1}
    shape = ((0.0, heel, heel), (0.35, 3.3, 3.3), (0.8, *inner), (1.0, 4.2, 4.2))
    tubes = [
        Tube(
            "foot",
            start,
            end,
            shape,
            FOOT,
            z=(1.2, 1.5),
            depth=0.75,
            caps=(0.55, 0.35),
            blend=2,
            traits=traits,
        )
    ]
    if pose.back and not pose.soles:
        return tubes
    toe_length = 0.5 + 0.5 * pose.point
    for toe, (reach, width) in enumerate(((4.4, 1.45), (3.9, 0.95), (3.5, 0.88), (3.0, 0.82), (2.4, 0.8))):
        across = (3.1, 0.9, -0.85, -2.4, -3.7)[toe]
        back = (0.2, 0.1, 0.5, 1.3, 2.4)[toe]
        base = along(along(end, out, -back), out - 90 * sign, across)
        tubes += digit(
            base,
            out - sign * (1.2 - toe) * 3,
            reach * toe_length,
            width,
            1.6,
            FOOT,
            traits,
            nail=not pose.soles,
        )
    return tubes


def digit(
    base: Point,
    heading: float,
    length: float,
    width: float,
    z: float,
    label: int,
    traits: dict[str, float],
    nail: bool,
) -> list[Tube]:
    """Build a finger or toe with knuckles, and its nail."""
    tip = along(base, heading, length)
    shape = symmetric(
        (0, width * 1.1),
        (0.25, width * 1.02),
        (0.42, width * 1.1),
        (0.6, width * 0.95),
        (0.72, width),
        (1, width * 0.78),
    )
    tubes = [
        Tube(
            "digit",
            base,
            tip,
            shape,
            label,
            z=(z + 0.4, z + 0.2),
            depth=0.9,
            blend=0.8,
            traits={**traits, "digit": length},
        )
    ]
    if nail:
        size = width * 0.62
        start, end = along(tip, heading, -width * 0.9), along(tip, heading, width * 0.42)
        lift = (z + 0.55 + width * 0.6, z + 0.4 + width * 0.5)
        shape = symmetric((0, size), (1, size * 1.05))
        tubes.append(Tube("nail", start, end, shape, label, "nail", lift, 0.35, (0.6, 0.5), blend=0.01))
    return tubes
