"""Scenes: framing, camera, person, place and light, drawn from one generator."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trainer.synthetic.body import arm, leg, trunk
from trainer.synthetic.clothes import dress_up
from trainer.synthetic.head import head
from trainer.synthetic.materials import MATERIALS
from trainer.synthetic.people import Person, Pose, draw_person, draw_pose
from trainer.synthetic.shapes import Camera, Point, Tube

FRAMINGS = {
    "whole": 0.24, "upper": 0.12, "face": 0.11, "hand": 0.13, "foot": 0.08, "forearm": 0.09, "leg": 0.09,
    "trunk": 0.07, "scalp": 0.04, "pelvis": 0.03,
}  # fmt: skip
"""Probability of each framing."""


@dataclass(frozen=True)
class Light:
    """The lamp and the phone."""

    direction: tuple[float, float, float]
    """Towards the lamp: right, down, towards the camera; unit length."""
    kelvin: float
    """Warm (-1) to cold (+1) cast."""
    exposure: float
    ambient: float
    vignette: float
    noise: float
    blur: float
    """Defocus, pixels at 1,000 pixels of long side."""
    shade: float
    """Depth of a hard shadow across the picture, 0 none to 1 black."""


@dataclass(frozen=True)
class Scene:
    """All that the renderer needs."""

    framing: str
    person: Person
    pose: Pose
    tubes: tuple[Tube, ...]
    camera: Camera
    material: str
    floor: str | None
    gap: float
    """Distance from the body's axis to what is behind it, cm."""
    light: Light
    finger: bool
    """A finger in front of the lens: skin whose part cannot be told."""


def draw_light(rng: np.random.Generator) -> Light:
    """Draw a lamp position, colour, exposure, and the phone's flaws."""
    angle, height = rng.uniform(-2.9, -0.25), rng.uniform(0.75, 1.6)
    direction = np.array([np.cos(angle), np.sin(angle), height])
    direction /= np.linalg.norm(direction)
    return Light(
        direction=(float(direction[0]), float(direction[1]), float(direction[2])),
        kelvin=float(np.clip(rng.normal(-0.1, 0.45), -1, 1)),
        exposure=float(np.exp(rng.normal(0.1, 0.18))),
        ambient=float(rng.uniform(0.3, 0.6)),
        vignette=float(rng.uniform(0, 0.35)),
        noise=float(rng.uniform(0.004, 0.018)),
        blur=float(max(rng.normal(0.1, 0.45), 0)),
        shade=float(rng.uniform(0.75, 0.9)) if rng.random() < 0.09 else 0.0,
    )


def draw_scene(rng: np.random.Generator, height: int, width: int, framing: str | None = None) -> Scene:
    """Draw a whole scene for a photo of the given size in pixels."""
    names = list(FRAMINGS)
    drawn = names[int(rng.choice(len(names), p=list(FRAMINGS.values())))]
    framing = framing or drawn
    person, pose = draw_person(rng), draw_pose(rng)
    person, pose = _suit(rng, framing, person, pose)
    tubes = build(person, pose, rng)
    lying = framing == "whole" and width > height
    camera = aim(rng, framing, tubes, pose, height, width)
    indoor = ["sheet", "grass", "wood", "tiles", "towel", "stone"] if lying else list(MATERIALS)
    material = str(rng.choice(indoor))
    upright = framing == "whole" and not lying
    floor = str(rng.choice(["grass", "wood", "stone", "tiles"])) if upright and material != "grass" else None
    return Scene(
        framing, person, pose, tuple(tubes), camera, material, floor, float(rng.uniform(3, 14)),
        draw_light(rng), bool(rng.random() < 0.07),
    )  # fmt: skip


def _suit(rng: np.random.Generator, framing: str, person: Person, pose: Pose) -> tuple[Person, Pose]:
    """Let clothes, side and hands fit the framing."""
    if framing == "face":
        pose = replace(pose, back=False, shoulder=(14, 14), elbow=(4, 4))
    elif framing == "scalp":
        pose = replace(pose, back=bool(rng.random() < 0.7), shoulder=(12, 12), elbow=(3, 3))
        style = str(rng.choice(["short", "receding", "shaved", "bun"]))
        person = replace(person, hair_style=style, bald=float(rng.choice([0, 2.5, 3.5])))
    elif framing == "trunk":
        person = replace(person, outfit=str(rng.choice(["jeans", "shorts", "underwear"])))
    elif framing == "pelvis":
        pose = replace(pose, shoulder=(32, 32), elbow=(5, 5))
        person = replace(person, outfit=str(rng.choice(["none", "underwear"], p=[0.7, 0.3])))
    elif framing == "foot":
        pose = replace(pose, point=float(rng.uniform(0.85, 1.0)), soles=bool(rng.random() < 0.35))
        person = replace(person, outfit=str(rng.choice(["jeans", "shorts"])))
        pose = replace(pose, back=False)
    elif framing == "hand":
        pose = replace(
            pose, shoulder=(float(rng.uniform(35, 70)),) * 2, elbow=(float(rng.uniform(-10, 40)),) * 2
        )
    elif framing == "forearm":
        pose = replace(pose, shoulder=(float(rng.uniform(30, 60)),) * 2)
    if person.outfit == "none":
        pose = replace(pose, shoulder=(32, 32), elbow=(5, 5))
    return person, pose


def build(person: Person, pose: Pose, rng: np.random.Generator) -> list[Tube]:
    """All tubes of a dressed person."""
    body = trunk(person, pose)
    for side in (0, 1):
        body += leg(person, pose, side) + arm(person, pose, side)
    body += head(person, pose)
    return body + dress_up(person, pose, body, rng)


def _find(tubes: list[Tube], name: str, right: bool) -> Tube:
    found = [tube for tube in tubes if tube.name == name]
    return found[-1] if right else found[0]


def _between(tube: Tube, t: float) -> Point:
    return (
        tube.start[0] + t * (tube.end[0] - tube.start[0]),
        tube.start[1] + t * (tube.end[1] - tube.start[1]),
    )


AIMS: dict[str, tuple[str, float, tuple[float, float], float]] = {
    "upper": ("torso", 0.12, (62, 88), 0.12),
    "face": ("head", 0.7, (27, 42), 0.12),
    "scalp": ("head", 0.85, (25, 34), 0.35),
    "hand": ("palm", 1.0, (20, 28), 3.14),
    "foot": ("foot", 0.7, (23, 33), 3.14),
    "forearm": ("forearm", 0.35, (25, 40), 3.14),
    "leg": ("shin", 0.1, (42, 70), 1.6),
    "trunk": ("torso", 0.5, (42, 64), 0.15),
    "pelvis": ("torso", 0.92, (44, 58), 0.12),
}
"""Framing: tube, where along it, centimetres across the short side, greatest roll in radians."""


def aim(
    rng: np.random.Generator, framing: str, tubes: list[Tube], pose: Pose, height: int, width: int
) -> Camera:
    """Point the camera."""
    if framing != "whole":
        name, t, (low, high), roll = AIMS[framing]
        target = _between(_find(tubes, name, bool(rng.random() < 0.5)), t)
        span = float(rng.uniform(low, high))
        centre = (
            target[0] + span * float(rng.normal(0, 0.05)),
            target[1] + span * float(rng.normal(0, 0.06)),
        )
        return Camera(centre, min(height, width) / span, float(rng.uniform(-roll, roll)), height, width)
    points = np.array([p for tube in tubes for p in (tube.start, tube.end)])
    low, high = points.min(0) - (7, 13), points.max(0) + 7
    turn = 0.0 if height >= width else float(rng.choice([-np.pi / 2, np.pi / 2]))
    size = (high - low)[::-1] if turn else high - low
    scale = float(min(width / size[0], height / size[1]) * rng.uniform(0.92, 1.06))
    middle = (low + high) / 2
    return Camera(
        (float(middle[0]), float(middle[1])), scale, turn + float(rng.normal(0, 0.05)), height, width
    )
