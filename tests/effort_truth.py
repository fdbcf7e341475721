"""A mask of a person, whose seconds a hand is tried on."""

from __future__ import annotations

import numpy as np


def person(shape: tuple[int, int]) -> np.ndarray:
    """Background, a trunk, a face on it, and a limb."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] / np.array(shape)[:, None, None]
    truth = np.ones(shape, np.uint8)
    truth[(abs(rows - 0.65) < 0.25) & (abs(columns - 0.5) < 0.2)] = 7
    truth[((rows - 0.25) / 0.17) ** 2 + ((columns - 0.5) / 0.12) ** 2 < 1] = 3
    truth[(abs(rows - 0.5 - 0.3 * (columns - 0.7)) < 0.06) & (columns > 0.68) & (columns < 0.95)] = 6
    return truth
