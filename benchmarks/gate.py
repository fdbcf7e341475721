"""Simulate the gate: how often does it serve a worse model, and how often does it keep a better one waiting?

Run:  python -m benchmarks.gate [--candidates 400]

Candidates whose true difference is known meet the served model on 5, 20 and 100 validation photos. The gate
is `trainer.training.promotion.compare_with_served` itself, with its default settings; beside it stand two
simple rules, always the latest and strictly better. Prints a table and writes benchmarks/results/gate.json.

The world: nine classes, three or four on a photo. A photo's difficulty is common to both models; on top, each
model has its own luck with each class of each photo. A candidate's true difference is its score less the
served model's over 3,000 other photos; one candidate in five loses one class besides.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trainer.evaluation.metrics import macro_dice
from trainer.labels.classes import load_class_set
from trainer.settings.gate import GateSettings
from trainer.settings.plan import Lane
from trainer.training.promotion import compare_with_served

RESULTS = Path(__file__).parent / "results" / "gate.json"
PHOTOS = (5, 20, 100)
HARM = 0.01
"""A model truly worse, or better, by less than this is neither harm nor gain."""
LUCK = (0.35, 0.8)
"""Standard deviation, in logits, of a model's own luck with a class of a photo; a calm and a noisy world."""
POPULATION = 3000
PIXELS = 10_000
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
NAMES = load_class_set("skin9").names
K = len(NAMES)


@dataclass(frozen=True)
class Photos:
    """Photos of the world: pixels of each class, ``(P, K)``, and how hard each photo is, ``(P, 1)``."""

    pixels: Counts
    difficulty: Floats


def draw_photos(rng: np.random.Generator, count: int) -> Photos:
    """Draw photos: background always, and two or three of the other classes."""
    shown = np.zeros((count, K), bool)
    shown[:, 0] = True
    for row in shown:
        row[rng.choice(np.arange(1, K), rng.integers(2, 4), replace=False)] = True
    share = np.where(shown, rng.gamma(1.5, size=(count, K)) + 0.05, 0)
    share[:, 0] *= 2
    pixels = (PIXELS * share / share.sum(1, keepdims=True)).astype(np.int64)
    return Photos(pixels, rng.normal(0, 0.8, (count, 1)))


def predicted(rng: np.random.Generator, photos: Photos, skill: Floats, luck: float) -> Counts:
    """Confusion matrices ``(P, K, K)`` of a model of that skill and luck, in logits for each class."""
    logit = skill - photos.difficulty + rng.normal(0, luck, photos.pixels.shape)
    hit = (photos.pixels / (1 + np.exp(-logit))).astype(np.int64)
    missed = photos.pixels - hit
    present = (photos.pixels > 0).astype(float)
    matrices = np.zeros((len(hit), K, K), np.int64)
    for index in range(K):  # what is missed goes to the other classes of the photo
        others = present.copy()
        others[:, index] = 0
        matrices[:, index] = missed[:, [index]] * others / np.maximum(others.sum(1, keepdims=True), 1)
        matrices[:, index, index] = hit[:, index]
    return matrices


def draw_candidate(rng: np.random.Generator, served: Floats) -> Floats:
    """Draw the skill of the next model: a little better or worse, now and then worse in one class."""
    skill = served + rng.normal(0, 0.2) + rng.normal(0, 0.15, K)
    if rng.random() < 0.2:
        skill[rng.integers(1, K)] -= abs(rng.normal(0, 1.0))
    return skill


def simulate(candidates: int, luck: float, seed: int = 0) -> list[dict[str, object]]:
    """Let candidates meet the served model; count what each rule does."""
    rng = np.random.default_rng(seed)
    everybody = draw_photos(rng, POPULATION)
    served = np.full(K, 1.5)
    gate = GateSettings()
    rows = []
    for photos in PHOTOS:
        truth: list[float] = []
        answers: dict[str, list[bool]] = {"gate, fast": [], "gate, full": [], "strictly better": []}
        for number in range(candidates):
            skill = draw_candidate(rng, served)
            truth.append(true_difference(number, everybody, skill, served, luck))
            sample = draw_photos(rng, photos)
            new, old = predicted(rng, sample, skill, luck), predicted(rng, sample, served, luck)
            groups = [str(place) for place in range(photos)]
            for name, lane in (("gate, fast", Lane.FAST), ("gate, full", Lane.FULL)):
                decision = compare_with_served(new, old, groups, NAMES, lane=lane, gate=gate, seed=number)
                answers[name].append(decision.promote)
            answers["strictly better"].append(bool(macro_dice(new.sum(0)) > macro_dice(old.sum(0))))
        answers["always the latest"] = [True] * candidates
        rows += [
            {"photos": photos, "rule": rule, **judge(np.array(truth), np.array(yes))}
            for rule, yes in answers.items()
        ]
    return rows


def true_difference(number: int, everybody: Photos, skill: Floats, served: Floats, luck: float) -> float:
    """Macro Dice over all photos, the same luck for both models."""
    scores = [
        float(macro_dice(predicted(np.random.default_rng(number), everybody, of, luck).sum(0)))
        for of in (skill, served)
    ]
    return scores[0] - scores[1]


def judge(truth: Floats, promoted: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Shares of what a rule did, from true differences."""
    better = truth > HARM
    return {
        "promoted": float(promoted.mean()),
        "harmful of promoted": float((truth[promoted] < -HARM).mean()) if promoted.any() else 0.0,
        "harmful of all": float((promoted & (truth < -HARM)).mean()),
        "missed of better": float((~promoted[better]).mean()) if better.any() else 0.0,
        "mean gain": float(np.where(promoted, truth, 0).mean()),
        "spread of truth": float(truth.std()),
    }


def main() -> None:
    """Run it, print a table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--candidates", type=int, default=400)
    options = parser.parse_args()
    results = []
    for luck in LUCK:
        started = time.perf_counter()
        rows = simulate(options.candidates, luck)
        print(f"luck {luck}")
        print(f"{'photos':>6}  {'rule':18} promoted  harmful (of all)  missed of better  gain a round")
        for row in rows:
            print(
                f"{row['photos']:>6}  {row['rule']:18} {row['promoted']:8.1%}  "
                f"{row['harmful of promoted']:7.1%} ({row['harmful of all']:.1%})  "
                f"{row['missed of better']:16.1%}  {row['mean gain']:+.4f}"
            )
        print(f"{options.candidates} candidates a row, {time.perf_counter() - started:.0f} s")
        print(
            f"standard deviation of the true differences: {rows[0]['spread of truth']:.3f} Dice", flush=True
        )
        results.append({"luck": luck, "rows": rows})
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps({"candidates": options.candidates, "harm": HARM, "worlds": results}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
