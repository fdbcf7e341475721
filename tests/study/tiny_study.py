"""Runs of a few steps, and runs made up by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainer.labels.classes import ClassSet
from trainer.study.design import Asked
from trainer.study.measures import Evidence
from trainer.study.runs import Run

TINY = {"size": "32", "long_side": "48", "batch": "2", "threads": "1", "bn_batches": "1"}
TWO = ClassSet("two", ("not", "skin"), ("#000000", "#ffffff"))


def tiny(**options: Any) -> Asked:
    """Two seeds of four steps."""
    return Asked(**{"seeds": 2, "steps": 4, "set": TINY, **options})


def made_run(
    arm: str, seed: int, hits: list[int], *, labels: float = 1.0, groups: list[str] | None = None
) -> Run:
    """A run of a network that gets `hits` of 100 pixels of skin right on each photo, and all others."""
    matrices = np.array([[[100, 0], [100 - hit, hit]] for hit in hits], np.int64)
    confidence = np.array([[1.0, hit / 100] for hit in hits])
    evidence = Evidence(matrices, np.ones((len(hits), 2), bool), confidence)
    ids = list(range(len(hits)))
    return Run(arm, labels, seed, evidence, ids, groups or [str(i) for i in ids])
