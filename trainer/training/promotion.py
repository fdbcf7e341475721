"""The gate: is a new model good enough to be served? Pure functions over per-photo scores.

A candidate and the served model are compared on the same validation photos by the difference of their macro
Dice and its paired bootstrap over groups. The answer always comes with a sentence an annotator understands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluation.bootstrap import Bootstrap
from trainer.evaluation.metrics import Counts, Floats, class_scores, macro_dice
from trainer.settings.plan import QUICK_LANES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.settings.gate import GateSettings
    from trainer.settings.plan import Lane


@dataclass(frozen=True)
class GateDecision:
    """The gate's answer: whether to serve a candidate, and why."""

    promote: bool
    provisional: bool
    why: str
    delta: float | None = None
    """Macro Dice of the candidate minus that of the served model."""
    interval: tuple[float, float] | None = None
    """Bootstrap interval of ``delta``; its upper end is infinite for the one-sided test of a fast round."""


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 0.005 or value == 0 else f"{value:.3f}"


def _dice_differences(candidate: Counts, served: Counts) -> Floats:
    """Difference of macro Dice over the classes both have a score for, ``(...)``."""
    difference: Floats = np.asarray(macro_dice(candidate)) - np.asarray(macro_dice(served))
    return difference


def _class_that_fell(
    candidate: Counts,
    served: Counts,
    draws: list[Counts],
    names: Sequence[str],
    gate: GateSettings,
) -> str | None:
    """Name the class, if any, whose Dice surely fell by more than the gate tolerates."""
    photos = (candidate.sum(-1) > 0).sum(0)  # with each class
    delta = class_scores(candidate.sum(0)).dice - class_scores(served.sum(0)).dice
    spread = class_scores(draws[0]).dice - class_scores(draws[1]).dice
    for i, name in enumerate(names):
        known = spread[:, i][~np.isnan(spread[:, i])]
        if photos[i] < gate.min_photos or not len(known):
            continue
        if np.quantile(known, 0.975) < -gate.class_margin:
            return f"{name} got worse by {_number(-float(delta[i]))}"
    return None


def compare_with_served(
    candidate: Counts,
    served: Counts | None,
    groups: Sequence[str],
    class_names: Sequence[str],
    *,
    lane: Lane,
    gate: GateSettings,
    anchor: Counts | None = None,
    seed: int = 0,
    replaces_probe: bool = False,
    succeeds: bool = False,
) -> GateDecision:
    """Compare a candidate with the served model on the current validation truth.

    Parameters
    ----------
    candidate, served
        Confusion matrices per validation photo, ``(P, K, K)``, of the same photos in the same order;
        ``served`` is None when nothing is served yet.
    groups
        Group of each photo.
    lane
        ``fast`` is lenient (epsilon .01, one-sided 80 %), ``full`` and ``batch`` strict (.005, 95 %).
    anchor
        The best model ever served, on the same photos, so that tolerated losses cannot add up.
    seed
        Of the bootstrap.
    replaces_probe
        A probe is served and the candidate is of another recipe: without enough photos to compare, it stays.
    succeeds
        A probe is served and the candidate is the same with newer masks. These make it better in all
        likelihood, which a few validation photos seldom show: it is served unless it is surely worse, also in
        one class, or by more than ``gate.probe_margin``.

    A decision is ``provisional`` where there are too few photos, or classes, to compare the two.
    """
    now = float(macro_dice(candidate.sum(0))) if len(candidate) else float("nan")
    if len(candidate) < gate.min_photos:
        margin = max(gate.few_margin, gate.probe_margin) if succeeds else gate.few_margin
        return _decide_on_few(len(candidate), now, served, gate, margin, replaces_probe)
    shown = np.flatnonzero(candidate.sum((0, 2)))
    if len(shown) < 2:
        return _decide_on_one_class([class_names[int(i)] for i in shown], served is None)
    if served is None:
        return GateDecision(True, False, f"served: the first model, validation Dice {_number(now)}")
    return _decide_by_draws(candidate, served, groups, class_names, lane, gate, anchor, seed, succeeds)


def _decide_by_draws(
    candidate: Counts,
    served: Counts,
    groups: Sequence[str],
    class_names: Sequence[str],
    lane: Lane,
    gate: GateSettings,
    anchor: Counts | None,
    seed: int,
    succeeds: bool,
) -> GateDecision:
    """Decide by the paired bootstrap, as `compare_with_served` says, where there is enough to compare."""
    before, now = (float(macro_dice(counts.sum(0))) for counts in (served, candidate))
    delta = float(_dice_differences(candidate.sum(0), served.sum(0)))
    draws = _paired_draws(candidate, served, groups, gate, seed)
    one_sided = lane in QUICK_LANES and not succeeds
    low, high = np.quantile(_dice_differences(*draws), [0.2 if one_sided else 0.025, 0.975])
    change = f"validation Dice {_number(before)} -> {_number(now)}"
    epsilon = gate.margin_fast if lane in QUICK_LANES else gate.margin_full
    fell = _class_that_fell(candidate, served, draws, class_names, gate)
    why = None
    if delta < -epsilon / 2 and (not succeeds or delta < -gate.probe_margin or high < 0):
        why = change + _worst_class(candidate.sum(0), served.sum(0), class_names)
    elif low < -epsilon and not succeeds:
        why = f"{change}, but it may be worse by up to {_number(-float(low))} on other photos"
    elif fell is not None:
        why = f"{fell} ({change})"
    elif anchor is not None and _below_anchor(candidate, anchor, groups, gate, seed, succeeds):
        why = f"{change}, but the best so far had {_number(float(macro_dice(anchor.sum(0))))}"
    elif delta < -epsilon / 2:
        change += ": it knows the newest masks, and is not surely worse"
    words = f"served: {change}" if why is None else f"kept the old one: {why}"
    return GateDecision(
        why is None, False, words, delta, (float(low), math.inf if one_sided else float(high))
    )


def _paired_draws(
    candidate: Counts, other: Counts, groups: Sequence[str], gate: GateSettings, seed: int
) -> list[Counts]:
    """Bootstrap sums of both models over the same draws of groups: a hard group weighs on both alike."""
    sample = Bootstrap(groups, gate.bootstrap, seed)
    return [sample.sums(candidate), sample.sums(other)]


def _decide_on_few(
    photos: int, now: float, served: Counts | None, gate: GateSettings, margin: float, replaces_probe: bool
) -> GateDecision:
    """Too few photos for a bootstrap: serve for now, but not what falls clearly on those there are."""
    have = {0: "no labelled validation photo", 1: "only 1 labelled validation photo"}.get(
        photos, f"only {photos} labelled validation photos"
    )
    before = float(macro_dice(served.sum(0))) if served is not None and photos else float("nan")
    if now < before - margin:  # never true where one of them is not a number
        why = f"kept the old one: validation Dice {_number(before)} -> {_number(now)} on {have}"
        return GateDecision(False, False, why, now - before)
    if replaces_probe:
        why = f"kept the old one: {have} so far, {gate.min_photos} are needed to replace a probe"
        return GateDecision(False, False, why, now - before if photos else None)
    return GateDecision(
        True, True, f"served for now: {have} so far, {gate.min_photos} are needed to compare models"
    )


def _decide_on_one_class(shown: list[str], first: bool) -> GateDecision:
    """Truth of one class: seeing that class everywhere scores 1, so that no score says anything."""
    only = shown[0] if shown else "what is not labelled"
    why = (
        f"the validation masks show only {only}, and a model that sees nothing else would score 1: label "
        "validation photos that show more, to compare models"
    )
    return GateDecision(first, first, f"served for now: {why}" if first else f"kept the old one: {why}")


def _worst_class(candidate: Counts, served: Counts, names: Sequence[str]) -> str:
    """`` (hand got worse by 0.05)`` for the class that lost most, or nothing."""
    delta = class_scores(candidate).dice - class_scores(served).dice
    if np.all(np.isnan(delta)) or np.nanmin(delta) > -0.005:
        return ""
    i = int(np.nanargmin(delta))
    return f" ({names[i]} got worse by {_number(-float(delta[i]))})"


def _below_anchor(
    candidate: Counts, anchor: Counts, groups: Sequence[str], gate: GateSettings, seed: int, succeeds: bool
) -> bool:
    """Tell whether a candidate may be worse than the best so far; one that succeeds, whether it surely is."""
    draws = _paired_draws(candidate, anchor, groups, gate, seed)
    low, high = np.quantile(_dice_differences(*draws), [0.025, 0.975])
    delta = _dice_differences(candidate.sum(0), anchor.sum(0))
    return bool(low < -gate.best_margin and (not succeeds or high < 0 or delta < -gate.probe_margin))
