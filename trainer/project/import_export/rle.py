"""Run lengths of COCO, as lists and as its compressed text: by columns, beginning with what is outside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["compress", "decode_runs", "encode_runs", "expand"]

Bools = NDArray[np.bool_]


def encode_runs(flat: Bools) -> list[int]:
    """Return the lengths of the runs of a flat mask; the first is of False, and may be 0."""
    if not flat.size:
        return []
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate(([0], edges, [flat.size])))
    return [0, *runs.tolist()] if flat[0] else list(runs.tolist())


def decode_runs(runs: list[int], size: int) -> Bools:
    """Return the flat mask of a number of pixels that runs say.

    Raises
    ------
    ValueError
        If a run is no whole number from 0 on, or they do not add up.
    """
    if any(type(run) is not int or run < 0 for run in runs) or sum(runs) != size:
        raise ValueError(f"its runs are not of {size} pixels")
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, np.asarray(runs, np.int64))


def compress(runs: list[int]) -> str:
    """Write runs as COCO's text: differences to the run before the last, five bits a letter."""
    letters = []
    for place, run in enumerate(runs):
        value = run - runs[place - 2] if place > 2 else run
        more = True
        while more:
            bits = value & 31
            value >>= 5
            more = value != (-1 if bits & 16 else 0)
            letters.append(chr((bits | 32 if more else bits) + 48))
    return "".join(letters)


def expand(text: str) -> list[int]:
    """Read COCO's text as runs.

    Raises
    ------
    ValueError
        If it ends within a number, or holds a letter that is none of its.
    """
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        code = ord(letter) - 48
        if not 0 <= code < 64 or shift > 40:
            raise ValueError(f"its runs hold {letter!r}")
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("its runs are cut short")
    return runs
