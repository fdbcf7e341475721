"""Values of a mask's arrays: targets, and the provenance of each pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray


NONE, PROPOSED, ACCEPTED, PAINTED = 0, 1, 2, 3
"""Provenance of a pixel: not labelled, proposed by a model, accepted or painted by a person.

Accepted and painted pixels are truth."""

NOT_LABELLED = 0
"""Label of a pixel without a class; those of the classes are their indices + 1."""

IGNORE = 255
"""Target of a pixel that is no truth."""


def lookup(values: Collection[int]) -> NDArray[np.bool_]:
    """Return a table of 256 booleans that is true at `values`; index it with a uint8 array."""
    table = np.zeros(256, dtype=bool)
    table[list(values)] = True
    return table
