"""People: skin tone, build, hair and clothes, drawn at random; always adult proportions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.synthetic.noise import Floats, linear_from_lab

BACKGROUND, UNCERTAIN, FACE, HAND, FOOT, LIMB, TRUNK, SCALP, ANOGENITAL = range(9)
"""Class indices, in the order of the class set `skin9`."""

HAIR_COLOURS = {
    "black": (17.0, 1.5, 2.0),
    "dark brown": (23.0, 6.0, 9.0),
    "brown": (33.0, 11.0, 18.0),
    "auburn": (36.0, 24.0, 26.0),
    "blond": (66.0, 7.0, 33.0),
    "grey": (60.0, 0.0, 1.5),
}
HAIR_STYLES = ("short", "long", "bun", "shaved", "receding")
OUTFITS = (
    "underwear",
    "underwear",
    "shorts",
    "jeans",
    "shirt and jeans",
    "shirt and shorts",
    "dress",
    "swimsuit",
    "none",
)


@dataclass(frozen=True)
class Person:
    """A mannequin's fixed traits."""

    ita: float
    """Individual typology angle of the skin, degrees: above 55 very light, below -30 very dark."""
    build: float
    """Girth of limbs and waist, 1 = average."""
    shoulders: float
    hips: float
    hair_colour: str
    hair_style: str
    beard: float
    outfit: str
    top_cloth: str
    bottom_cloth: str
    bald: float
    """Radius of a thinning patch on the crown, cm; 0 none."""
    marks: str
    """"none", "moles", "rash" or "patches"."""

    @property
    def skin(self) -> Floats:
        """Linear RGB of the skin in full light."""
        t = (self.ita + 60) / 125
        lightness = 27 + 49 * t
        yellow = np.interp(t, [0, 0.35, 0.7, 1], [10, 19, 20, 14])
        red = np.interp(t, [0, 0.35, 0.7, 1], [8, 13, 11, 10])
        return linear_from_lab(lightness, float(red), float(yellow))

    @property
    def hair(self) -> Floats:
        """Linear RGB of the hair."""
        return linear_from_lab(*HAIR_COLOURS[self.hair_colour])


def draw_person(rng: np.random.Generator) -> Person:
    """Draw a person; tones are uniform over the whole ITA range."""
    ita = float(rng.uniform(-58, 64))
    dark = ita < 15
    colours = list(HAIR_COLOURS)
    weights = np.array([6, 3, 0.5, 0, 0, 1.2] if dark else [1.5, 2, 2, 1.2, 1.8, 1.2])
    style = str(rng.choice(HAIR_STYLES, p=[0.34, 0.26, 0.14, 0.14, 0.12]))
    return Person(
        ita=ita,
        build=float(np.clip(rng.normal(1.0, 0.12), 0.82, 1.35)),
        shoulders=float(rng.uniform(0.9, 1.1)),
        hips=float(rng.uniform(0.94, 1.1)),
        hair_colour=colours[int(rng.choice(len(colours), p=weights / weights.sum()))],
        hair_style=style,
        beard=float(rng.uniform(0.3, 1))
        if style in ("short", "shaved", "receding") and rng.random() < 0.35
        else 0.0,
        outfit=str(rng.choice(OUTFITS, p=[0.16, 0.16, 0.15, 0.1, 0.13, 0.13, 0.06, 0.05, 0.06])),
        top_cloth=str(rng.choice(["stripes", "knit", "dots", "ribbed", "plaid"])),
        bottom_cloth=str(rng.choice(["denim", "denim", "ribbed", "plaid"])),
        bald=float(rng.uniform(1.5, 4)) if rng.random() < 0.15 else 0.0,
        marks=str(rng.choice(["none", "moles", "rash", "patches"], p=[0.45, 0.3, 0.18, 0.07])),
    )


@dataclass(frozen=True)
class Pose:
    """Joint angles in degrees; 0 hangs straight down, positive turns away from the body."""

    shoulder: tuple[float, float]
    elbow: tuple[float, float]
    hip: tuple[float, float]
    knee: tuple[float, float]
    wrist: tuple[float, float] = (0.0, 0.0)
    back: bool = False
    head_tilt: float = 0.0
    lean: float = 0.0
    palms: tuple[bool, bool] = (False, False)
    soles: bool = False
    spread: float = 1.0
    """Spread of the fingers, 0 closed to 1.5 wide."""
    curl: float = 0.0
    """Bend (shortening) of the fingers, 0 to 0.6."""
    point: float = 0.6
    """Visible share of the foot's length, 0.45 (standing) to 1 (lying, from above)."""


TEMPLATES: tuple[
    tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]], ...
] = (
    ((12, 12), (4, 4), (4, 4), (0, 0)),  # standing
    ((30, 30), (6, 6), (10, 10), (0, 0)),  # standing, arms apart
    ((48, 48), (-95, -95), (9, 9), (0, 0)),  # hands on the hips
    ((85, 85), (0, 0), (7, 7), (0, 0)),  # arms out
    ((80, 80), (88, 88), (8, 8), (0, 0)),  # arms up, bent
    ((150, 150), (22, 22), (6, 6), (0, 0)),  # arms over the head
    ((160, 14), (10, 6), (5, 5), (0, 0)),  # waving
    ((88, 45), (70, -90), (5, 26), (0, -40)),  # one knee bent
    ((60, 100), (30, 10), (34, 10), (-30, 0)),  # lunge
    ((20, 75), (-100, 15), (6, 6), (0, 0)),  # one arm across the belly
)


def draw_pose(rng: np.random.Generator, back_share: float = 0.25) -> Pose:
    """Draw a pose: a template, mirrored half the time, with every joint jittered."""
    angles = np.array(TEMPLATES[int(rng.integers(len(TEMPLATES)))], np.float64)
    if rng.random() < 0.5:
        angles = angles[:, ::-1]
    angles = angles + rng.normal(0, 1, (4, 2)) * np.array([[6], [7], [3], [4]])
    shoulder, elbow, hip, knee = ((float(a), float(b)) for a, b in angles)
    return Pose(
        shoulder,
        elbow,
        hip,
        knee,
        wrist=(float(rng.normal(0, 8)), float(rng.normal(0, 8))),
        back=bool(rng.random() < back_share),
        head_tilt=float(rng.normal(0, 5)),
        lean=float(rng.normal(0, 1.2)),
        palms=(bool(rng.random() < 0.35), bool(rng.random() < 0.35)),
        soles=bool(rng.random() < 0.25),
        spread=float(rng.uniform(0.1, 1.3)),
        curl=float(max(rng.normal(0.05, 0.15), 0)),
        point=float(rng.uniform(0.45, 0.65)),
    )
