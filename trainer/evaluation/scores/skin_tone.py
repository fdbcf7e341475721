"""Skin tone of a photo as its individual typology angle (ITA), in the six usual bins.

ITA = arctan((L* − 50) / b*) in degrees, of CIELAB under D65 (Chardon et al. 1991; bins of Del Bino & Bernerd
2013). It is measured on the photo as it is: light and white balance move it, so it sorts photos, not people.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

BINS = ("very light", "light", "intermediate", "tan", "brown", "dark")
EDGES = (55.0, 41.0, 28.0, 10.0, -30.0)
"""A tone is in the first bin whose edge its angle is above; dark is −30° and below."""
FEWEST = 100
"""Skin pixels below which nothing is said."""
SAMPLE = 20_000


def skin_tone(photo: npt.NDArray[np.uint8], skin: npt.NDArray[np.bool_]) -> float:
    """Measure the ITA of a photo in degrees, from the median L* and b* of its skin; NaN with too little skin.

    Parameters
    ----------
    photo
        sRGB, ``(H, W, 3)`` uint8.
    skin
        Where the truth says skin, ``(H, W)`` bool.
    """
    from skimage.color import rgb2lab  # here: `skinseg status` needs the bins alone, and stays quick

    where = np.flatnonzero(skin)
    if len(where) < FEWEST:
        return math.nan
    where = where[:: max(1, len(where) // SAMPLE)]
    lightness, _, yellow = np.median(rgb2lab(photo.reshape(-1, 3)[where][None])[0], axis=0)
    return math.degrees(math.atan2(lightness - 50, yellow))


def bin_of(angle: float) -> str | None:
    """Name the bin of an angle; None for NaN."""
    if math.isnan(angle):
        return None
    return next((name for name, edge in zip(BINS, EDGES, strict=False) if angle > edge), BINS[-1])
