"""Verdicts on the claims of a study, from its runs. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.study.measures import MEASURES, Evidence, Measure
from trainer.study.runs import Run
from trainer.study.statistics import DRAWS, LEVEL, Estimate, holm, seeds_needed, two_level_bootstrap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.evaluation.metrics import Floats
    from trainer.labels.classes import ClassSet
    from trainer.study.arms import Claim

MARGIN = 0.01
"""A gain below this does not count."""
MIN_SEEDS = 3
MOST_SEEDS = 1000
REPRODUCED, NOT_REPRODUCED, UNDECIDED = "reproduced", "not reproduced", "undecided"


@dataclass(frozen=True)
class Verdict:
    """Verdict of the runs on one claim."""

    claim: Claim
    labels: tuple[float, ...]
    """Shares of the labels it was judged on."""
    photos: int
    estimate: Estimate
    """Of the better arm's score minus the worse arm's."""
    p_holm: float
    verdict: str
    why: str
    seeds_needed: int | None


Table = dict[tuple[str, float, int], Run]
"""Index runs by (arm, labels, seed)."""


def by_key(runs: Sequence[Run]) -> Table:
    """Index runs by (arm, labels, seed)."""
    return {(run.arm, run.labels, run.seed): run for run in runs}


def common_photos(runs: Sequence[Run]) -> list[int]:
    """List the photos that all runs were tested on, in the order of the first."""
    kept = set.intersection(*(set(run.photo_ids) for run in runs)) if runs else set()
    return [photo_id for photo_id in runs[0].photo_ids if photo_id in kept] if runs else []


def cut(run: Run, photo_ids: Sequence[int]) -> Evidence:
    """Select the evidence of these photos, in this order."""
    place = {photo_id: index for index, photo_id in enumerate(run.photo_ids)}
    rows = np.array([place[photo_id] for photo_id in photo_ids], np.intp)
    of = run.evidence
    return Evidence(of.matrices[rows], of.present[rows], of.confidence[rows])


def groups_of(run: Run, photo_ids: Sequence[int]) -> list[str]:
    """List the groups of these photos."""
    known = dict(zip(run.photo_ids, run.groups, strict=True))
    return [known[photo_id] for photo_id in photo_ids]


def whole_pairs(
    table: Table, better: str, worse: str, labels: Sequence[float]
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Find shares and seeds for which both arms are there; shares without any pair are left out."""
    pairs = {
        share: {s for a, f, s in table if a == better and f == share and (worse, share, s) in table}
        for share in labels
    }
    shares = tuple(share for share in labels if pairs[share])
    seeds = set.intersection(*(pairs[share] for share in shares)) if shares else set()
    return shares, tuple(sorted(seeds))


def verdicts_of(
    claims: Sequence[Claim],
    runs: Sequence[Run],
    classes: ClassSet,
    labels: Sequence[float],
    *,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> list[Verdict]:
    """Judge the claims for which there are pairs of runs, with Holm's correction over them all.

    Parameters
    ----------
    labels
        Shares the study ran; a claim about all of them takes their mean.
    """
    table = by_key(runs)
    found = []
    for claim in claims:
        wanted = [share for share in labels if not claim.labels or share in claim.labels]
        shares, seeds = whole_pairs(table, claim.better, claim.worse, wanted)
        if seeds:
            photos, estimate = difference(table, claim, shares, seeds, classes, draws, level)
            untestable = _why_untestable(table, claim, shares, seeds, classes)
            found.append((claim, shares, photos, estimate, untestable))
    adjusted = holm([estimate.p for _, _, _, estimate, _ in found])
    return [
        _verdict(claim, shares, photos, estimate, p, len(found), level, untestable)
        for (claim, shares, photos, estimate, untestable), p in zip(found, adjusted, strict=True)
    ]


def _why_untestable(
    table: Table, claim: Claim, shares: Sequence[float], seeds: Sequence[int], classes: ClassSet
) -> str:
    """Say why these runs cannot speak for or against a claim; empty where they can."""
    better, worse = (
        [table[arm, share, seed] for share in shares for seed in seeds] for arm in (claim.better, claim.worse)
    )
    of_boxes = claim.measure.startswith("class_")  # which need no pixels
    for arm, runs in ((claim.better, better), (claim.worse, worse)):
        if not (of_boxes or any(run.evidence.matrices[:, :, list(classes.skin)].any() for run in runs)):
            return f"{arm} called everything background, which makes it no rival: train it for longer"
    if all(_same(a, b, of_boxes) for a, b in zip(better, worse, strict=True)):
        return "both arms do the same here, so it cannot be tested on these photos"
    return ""


def _same(one: Run, other: Run, of_boxes: bool) -> bool:
    """Tell whether two runs found the very same on every photo that both were tested on."""
    photo_ids = common_photos([one, other])
    a, b = cut(one, photo_ids), cut(other, photo_ids)
    return bool(np.array_equal(*((a.confidence, b.confidence) if of_boxes else (a.matrices, b.matrices))))


def difference(
    table: Table,
    claim: Claim,
    shares: Sequence[float],
    seeds: Sequence[int],
    classes: ClassSet,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> tuple[int, Estimate]:
    """Estimate the paired difference averaged over shares of the labels, and count its photos."""
    every = [table[arm, f, s] for arm in (claim.better, claim.worse) for f in shares for s in seeds]
    photo_ids = common_photos(every)
    measure = MEASURES[claim.measure]

    def of_seed(seed: int) -> Callable[[Floats], Floats]:
        pairs = [
            tuple(cut(table[arm, share, seed], photo_ids) for arm in (claim.better, claim.worse))
            for share in shares
        ]

        def value(weights: Floats) -> Floats:
            parts = [
                score(measure, a, weights, classes) - score(measure, b, weights, classes) for a, b in pairs
            ]
            mean: Floats = np.mean(parts, axis=0)
            return mean

        return value

    per_seed = [of_seed(seed) for seed in seeds]
    groups = groups_of(every[0], photo_ids)
    return len(photo_ids), two_level_bootstrap(per_seed, groups, draws=draws, level=level)


def score(measure: Measure, evidence: Evidence, weights: Floats, classes: ClassSet) -> Floats:
    """Take one measure of one run: ``(D,)``."""
    return measure.of(evidence, weights, classes)


def _verdict(
    claim: Claim,
    shares: tuple[float, ...],
    photos: int,
    estimate: Estimate,
    p: float,
    claims: int,
    level: float,
    untestable: str = "",
) -> Verdict:
    alpha = 1 - level
    word, why, needed = UNDECIDED, "", None
    if untestable:
        why = untestable
    elif math.isnan(estimate.p):
        why = "the measure has no value on these photos"
    elif estimate.seeds < MIN_SEEDS:
        needed, why = MIN_SEEDS, f"{MIN_SEEDS} seeds needed at least"
    elif p < alpha and estimate.value > 0 and estimate.low > 0:
        word, why = REPRODUCED, "better beyond chance"
    elif p < alpha and estimate.value < 0 and estimate.high < 0:
        word, why = NOT_REPRODUCED, "worse beyond chance"
    elif estimate.high < MARGIN:
        word, why = NOT_REPRODUCED, f"if there is a gain, it is below {MARGIN:g}"
    else:
        needed, why = _what_it_takes(estimate, alpha / claims)
    return Verdict(claim, shares, photos, estimate, p, word, why, needed)


def _what_it_takes(estimate: Estimate, alpha: float) -> tuple[int | None, str]:
    """Compute the seeds that would decide if the difference is as large as it looks (at least the margin)."""
    effect = max(abs(estimate.value), MARGIN)
    but = "the difference points the other way; " if estimate.value < 0 else ""
    needed = seeds_needed(estimate.seed_sd, effect, photo_sd=estimate.photo_sd, alpha=alpha)
    if needed is None:
        return None, f"{but}more seeds will not do, more test photos are needed"
    needed = max(needed, estimate.seeds + 1)
    if needed > MOST_SEEDS:
        return needed, f"{but}more than {MOST_SEEDS:,} seeds needed"
    return needed, f"{but}{needed} seeds needed{' to call it' if but else ''}"
