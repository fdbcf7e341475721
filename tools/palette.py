"""Search the class colours: ``python tools/palette.py [--seed 1]`` writes a palette and its worst pairs.

A class is known by the rim inside its outline: its colour blended over skin at the opacity of the window
(`napari_skinseg/layers/drawing.py`). Two classes, and a class and the skin beside it, must stay apart on
every tone of skin, reddened or not, and for every eye; and so must the colours themselves, in which outlines
are drawn. The distance is CIE76; colour-blind eyes are those of Machado, Oliveira and Fernandes (2009) at
severity 1; the skin is the ten tones of the Monk scale.
"""

from __future__ import annotations

import argparse
import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trainer.labels.classes import CLASS_SETS
from trainer.settings.window import WindowSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MONK = (
    "#f6ede4",
    "#f3e7db",
    "#f7ead0",
    "#eadaba",
    "#d7bd96",
    "#a07e56",
    "#825c43",
    "#604134",
    "#3a312a",
    "#292420",
)
REDDENED = np.array([1.0, 0.78, 0.8])
"""What inflamed skin reflects of what calm skin does; its red stays."""
EYES = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)
TOUCHING = (
    *(("face", "scalp"), ("face", "trunk"), ("face", "uncertain"), ("hand", "limb"), ("foot", "limb")),
    *(("limb", "trunk"), ("limb", "anogenital"), ("trunk", "anogenital"), ("limb", "uncertain")),
    *(("trunk", "uncertain"), ("trunk", "scalp"), ("hand", "trunk")),
)
"""Classes that lie beside each other on a body."""
ALONE = 0.47
"""What a distance of the colours themselves counts beside one of blends."""
NORMAL = 1.4
"""So much farther apart the search wants colours for the eyes that most people have."""
SOFT, WARMTH = 1.5, 0.02
"""Distance over which a pair counts, and how much worse a move may be at the beginning of the search."""


class Worst(NamedTuple):
    """The two that are hardest to tell apart, for which eye and on which skin."""

    distance: float
    one: str
    other: str
    eye: str
    skin: str


def rgb(colours: Sequence[str]) -> Array:
    """Read ``#rrggbb`` as sRGB values from 0 to 1, shape (n, 3)."""
    return np.array([[int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] for colour in colours])


def lab(colours: Array, eye: str) -> Array:
    """Bring sRGB values (..., 3) to CIELAB as an eye sees them, under D65."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ EYES[eye].T, 0, 1) @ _TO_XYZ.T / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    )


def blended(colours: Array, opacity: float | Sequence[float]) -> Array:
    """Blend colours (n, 3) over each tone as the screen does, with one opacity or one each: (skins, n, 3)."""
    covers = np.broadcast_to(np.asarray(opacity, float), len(colours))[:, None]
    return covers * colours + (1 - covers) * rgb(MONK)[:, None]


def bare() -> Array:
    """Return each tone of skin, calm and reddened: shape (skins, 2, 3)."""
    skin = rgb(MONK)
    return np.stack([skin, skin * REDDENED], axis=1)


def worst_pair(
    names: Sequence[str],
    colours: Sequence[str],
    opacity: float | Sequence[float],
    against_skin: bool,
    eyes: Sequence[str] = tuple(EYES),
) -> Worst:
    """Find the pair of classes, or of a class and bare skin, that is hardest to tell apart."""
    found = []
    for eye in eyes:
        seen, skin = lab(blended(rgb(colours), opacity), eye), lab(bare(), eye)
        other = skin if against_skin else seen
        apart = np.linalg.norm(seen[:, :, None] - other[:, None], axis=-1)
        if not against_skin:
            apart[:, np.arange(len(names)), np.arange(len(names))] = np.inf
        tone, one, two = np.unravel_index(apart.argmin(), apart.shape)
        beside = ("bare skin", "reddened skin")[int(two)] if against_skin else names[int(two)]
        found.append(Worst(float(apart.min()), names[int(one)], beside, eye, MONK[int(tone)]))
    return min(found)


def seen_everywhere(colours: Array, opacity: float) -> Array:
    """Colours as every eye sees them on every tone, then by themselves: CIELAB (n, eyes * (skins + 1), 3)."""
    tones = blended(colours, opacity)
    on_skin, alone = [_weighed(tones, eye) for eye in EYES], [lab(colours, eye)[None] for eye in EYES]
    return np.concatenate([*on_skin, *(ALONE * seen for seen in alone)]).swapaxes(0, 1)


def _weighed(colours: Array, eye: str) -> Array:
    return lab(colours, eye) / (NORMAL if eye == "normal" else 1)


def anneal(count: int, opacity: float, seed: int, turns: int) -> tuple[Array, float]:
    """Move one colour at a time by chance, ever less; return colours (count, 3) and their least distance.

    What is lessened is a sum that the nearest pairs rule, so that the worst pair does not count alone.
    """
    random = np.random.default_rng(seed)
    skin = np.concatenate([_weighed(bare(), eye) for eye in EYES])  # (eyes * skins, 2, 3)
    colours = random.uniform(0, 1, (count, 3))
    seen = seen_everywhere(colours, opacity)
    apart = np.array([_apart(seen, at, seen[at], skin) for at in range(count)])
    best, least = colours, 0.0
    for turn in range(turns):
        left = 1 - turn / turns
        place = int(random.integers(count))
        moved = np.clip(colours[place] + random.normal(0, 0.25 * left**2 + 0.006, 3), 0, 1)
        moved = np.round(moved * 255) / 255
        there = seen_everywhere(moved[None], opacity)[0]
        row = _apart(seen, place, there, skin)
        change = (np.exp(-row / SOFT) - np.exp(-apart[place] / SOFT)).sum()
        if change < 0 or random.uniform() < np.exp(-change / (WARMTH * left**3 + 1e-9)):
            colours = colours.copy()
            colours[place], seen[place] = moved, there
            apart[place], apart[:, place] = row, row
            if apart.min() > least:
                best, least = colours, float(apart.min())
    return best, least


def _apart(seen: Array, place: int, there: Array, skin: Array) -> Array:
    """Least distances of one colour from each other one, and at its own place from bare skin."""
    row: Array = np.linalg.norm(seen - there, axis=-1).min(axis=1)
    row[place] = np.linalg.norm(skin - there[: len(skin), None], axis=-1).min()
    return row


def arranged(found: Array, names: Sequence[str], opacity: float) -> Array:
    """Give each class its colour, so that classes that touch on a body are far apart.

    The background gets the darkest, what is uncertain the palest, the scalp under its hair what is most like
    inflamed skin.
    """
    order = np.argsort(lab(found, "normal")[:, 0])
    found = found[order]
    seen = seen_everywhere(found, opacity)
    apart = np.linalg.norm(seen[:, None] - seen, axis=-1).min(axis=-1)
    touch = [(names.index(one), names.index(other)) for one, other in TOUCHING]
    reddest = int(lab(found, "normal")[:, 1:].min(axis=1).argmax())
    palest = int(np.linalg.norm(lab(found, "normal")[:, 1:], axis=1).argmin())
    held = {names.index("scalp") - 1: reddest, names.index("uncertain") - 1: palest}
    best = max(
        (
            rest
            for rest in itertools.permutations(range(1, len(found)))
            if all(rest[place] == colour for place, colour in held.items())
        ),
        key=lambda rest: (
            sum(np.sqrt(apart[(0, *rest)[one], (0, *rest)[other]]) for one, other in touch)
            + 10 * min(apart[(0, *rest)[one], (0, *rest)[other]] for one, other in touch)
        ),
    )
    return found[[0, *best]]


def main() -> None:
    """Search, and write what was found beside what is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--restarts", type=int, default=6)
    parser.add_argument("--turns", type=int, default=20000)
    parser.add_argument("--opacity", type=float, default=WindowSettings().opacity)
    options = parser.parse_args()
    classes, opacity = CLASS_SETS["skin9"], options.opacity
    runs = [
        anneal(classes.count, opacity, options.seed + run, options.turns) for run in range(options.restarts)
    ]
    found = max(runs, key=lambda run: run[1])[0]
    found = arranged(found, classes.names, opacity)
    texts = ["#" + "".join(f"{round(channel * 255):02x}" for channel in colour) for colour in found]
    for title, colours in (("there", classes.colours), ("found", texts)):
        print(title, *colours)
        for eyes, against_skin in itertools.product((("normal",), tuple(EYES)), (False, True)):
            print("  ", worst_pair(classes.names, colours, opacity, against_skin, eyes))


if __name__ == "__main__":
    main()
