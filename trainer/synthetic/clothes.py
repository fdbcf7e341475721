"""Clothes: the body's own tubes again, a little wider, cut at a hem. Everything worn is background."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trainer.synthetic.body import CROTCH, NECK
from trainer.synthetic.people import BACKGROUND, Person, Pose
from trainer.synthetic.shapes import Region, Tube, symmetric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.synthetic.noise import Floats

TORSO = CROTCH[1] - NECK[1]

Cover = tuple[float, float]
"""From and to, as fractions of a tube's length."""
GARMENTS: dict[str, dict[str, Cover]] = {
    "briefs": {"torso": (0.8, 2.0), "thigh": (-1.0, 0.16)},
    "bra": {"torso": (0.2, 0.42)},
    "shorts": {"torso": (0.74, 2.0), "thigh": (-1.0, 0.52)},
    "jeans": {"torso": (0.74, 2.0), "thigh": (-1.0, 2.0), "shin": (-1.0, 0.93)},
    "shirt": {"torso": (0.07, 0.82), "upper arm": (-1.0, 0.58), "shoulder": (0.3, 2.0)},
    "dress": {"torso": (-0.06, 2.0), "thigh": (-1.0, 0.4)},
    "swimsuit": {"torso": (-0.06, 2.0), "thigh": (-1.0, 0.15)},
}
OUTFIT_PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "none": (),
    "underwear": (("briefs", "plain"),),
    "shorts": (("shorts", "bottom"),),
    "jeans": (("jeans", "bottom"),),
    "shirt and jeans": (("jeans", "bottom"), ("shirt", "top")),
    "shirt and shorts": (("shorts", "bottom"), ("shirt", "top")),
    "dress": (("dress", "top"),),
    "swimsuit": (("swimsuit", "plain"),),
}


def dress_up(person: Person, pose: Pose, body: list[Tube], rng: np.random.Generator) -> list[Tube]:
    """Garments for the person's outfit over the given body tubes."""
    parts = list(OUTFIT_PARTS[person.outfit])
    if person.outfit == "underwear" and person.hips > 1.03:
        parts.append(("bra", "plain"))
    worn = []
    for layer, (garment, which) in enumerate(parts):
        cloth = {"top": person.top_cloth, "bottom": person.bottom_cloth, "plain": "ribbed"}[which]
        tone = float(rng.uniform(0, 1))
        for tube in body:
            cover = GARMENTS[garment].get(tube.name)
            if cover is not None:
                worn.append(_cover(tube, cover, cloth, tone, layer, garment, float(rng.uniform(0, 6))))
    if person.outfit == "dress":
        worn.append(_skirt(person, person.top_cloth, worn[-1].traits["tone"]))
    return worn


def _cover(tube: Tube, cover: Cover, cloth: str, tone: float, layer: int, garment: str, phase: float) -> Tube:
    loose = {"briefs": 0.3, "bra": 0.3, "swimsuit": 0.25}.get(garment, 1.0 if tube.name != "torso" else 0.7)
    low, high = cover[0] * tube.length, cover[1] * tube.length
    neckline = garment in ("shirt", "dress", "swimsuit") and tube.name == "torso"
    scoop = {"shirt": 5.0, "dress": 15.0, "swimsuit": 18.0}.get(garment, 0.0) if neckline else 0.0

    sleeveless = neckline and garment != "shirt"

    def clip(u: Floats, v: Floats) -> NDArray[np.bool_]:
        wave = 0.25 * np.sin(v * 0.9 + phase)
        sag = scoop * np.maximum(1 - (v / 7.5) ** 2, 0) if scoop else 0.0
        inside = (u > low + sag + wave * 0.3) & (u < high + wave)
        if sleeveless:
            inside &= np.abs(v) < 10.5 + 1.2 * np.maximum(u - 13, 0)
        return np.asarray(inside)

    widths = tuple((t, a + loose, b + loose) for t, a, b in tube.widths)
    region: Region = clip
    return replace(
        tube, name="cloth", widths=widths, label=BACKGROUND, surface="cloth", relabel=(), clip=region,
        z=(tube.z[0] + 0.25 + layer * 0.3, tube.z[1] + 0.25 + layer * 0.3), blend=tube.blend * 0.6,
        traits={"cloth": float(CLOTHS.index(cloth)), "tone": tone, "low": low, "high": high},
    )  # fmt: skip


def _skirt(person: Person, cloth: str, tone: float) -> Tube:
    h = person.hips
    return Tube(
        "cloth", (0, -12), (0, 34), symmetric((0, 14.5), (0.3, 18.5 * h), (0.7, 22 * h), (1, 25 * h)),
        BACKGROUND, "cloth", z=(0.8, 3), depth=0.55, caps=(0.1, 0.05), blend=2,
        traits={"cloth": float(CLOTHS.index(cloth)), "tone": tone, "low": -9, "high": 46},
    )  # fmt: skip


CLOTHS = ("denim", "ribbed", "stripes", "knit", "dots", "plaid")
