"""Optical densities of melanin and blood, and what adds to them: moles, rashes, pale patches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from trainer.synthetic.noise import Floats
    from trainer.synthetic.people import Person
    from trainer.synthetic.shapes import Tube

MELANIN = np.array([0.75, 1.25, 1.75], np.float32)
BLOOD = np.array([0.12, 0.85, 0.62], np.float32)
"""Absorption in red, green and blue per unit of density, relative."""

Values = NDArray[np.floating]


def spot(u: Values, v: Values, at: tuple[float, float], size: tuple[float, float]) -> Floats:
    """Return a soft ellipse, 1 at its centre."""
    return np.asarray(np.exp(-(((u - at[0]) / size[0]) ** 2) - ((v - at[1]) / size[1]) ** 2), np.float32)


def line(distance: Values, width: float) -> Floats:
    """1 within `width` of a curve, falling to 0 beyond."""
    return np.asarray(np.clip(1.3 - np.abs(distance) / width, 0, 1), np.float32)


def draw_marks(
    rng: np.random.Generator, person: Person, tube: Tube, u: Floats, v: Floats, rash: Floats
) -> Floats:
    """Pigment and blood (N, 2) of moles, rashes and pale patches on a tube; `rash` is coarse noise (N,)."""
    length, width = tube.length, max(right for _, _, right in tube.widths)
    added = np.zeros((u.size, 2), np.float32)
    kind = person.marks
    if kind == "moles" and length > 6:
        for _ in range(int(rng.poisson(length * width * 0.035))):
            at, across, size = (
                rng.uniform(0, length),
                rng.uniform(-width, width) * 0.9,
                rng.gamma(3, 0.06) + 0.08,
            )
            distance = np.hypot(u - at, v - across) / size
            added[:, 0] += np.clip(1.4 - distance, 0, 0.7) * np.float32(rng.uniform(0.6, 1.4))
    elif kind in ("rash", "patches") and rng.random() < 0.6:
        at, across, size = rng.uniform(0, length), rng.uniform(-width, width) * 0.6, rng.uniform(2.5, 7)
        near = np.exp(-((np.hypot(u - at, v - across) / size) ** 2))
        patch = np.clip((rash + 1.1 * near - 0.9) * 1.5, 0, 1) * np.clip(near * 4, 0, 1)
        if kind == "rash":
            added[:, 1] += (0.3 if "head" in tube.traits else 0.5) * patch
            added[:, 0] += 0.1 * patch
        else:
            pale = 0.2 + 0.6 * np.clip((45 - person.ita) / 100, 0, 1)
            added[:, 0] -= np.minimum(patch * 2, 1) * np.float32(pale)
    return added
