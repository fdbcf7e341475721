"""Which probe to serve while masks come: the newest, or the one that a gate lets pass?

    python -m benchmarks.newest DATA --draws 5 --out newest

Probes learn from 6 to 40 masks of DATA (a folder as `benchmarks.effort` reads it), each from those of the one
before and one to eight more, all of a draw with the same seed. A few validation photos are the gate's; on all
others the steering hand, without R and Select, mends what the probe suggests that is served at that time, by
each strategy. Prints the mean share of the seconds from nothing for each strategy, and how many of the twelve
newer probes were kept back. Called again, it goes on.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.effort import make_project
from trainer.data.photo_cache import WorkingPhotos, project_cache
from trainer.effort.hand import Hand, at_working_size
from trainer.evaluation.metrics import confusion, macro_dice
from trainer.labels.truth import to_labels
from trainer.project.project import Project
from trainer.settings.gate import GateSettings
from trainer.settings.plan import Lane
from trainer.training.promotion import compare_with_served
from trainer.training.standalone import predictor_of, run_standalone

LABELS = (6, 8, 9, 10, 11, 12, 14, 16, 20, 24, 28, 32, 40)
PHOTOS = (3, 6, 10, 20)
"""Validation photos of the gate."""
SAMPLES = 8
"""Times they are drawn."""
STRATEGIES = ("as any model", "newest unless surely worse", "always the newest")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """Of each validation photo: matrices (13, P, K, K) and seconds (13, P) of the probes, and of nothing."""

    matrices: npt.NDArray[np.int64]
    seconds: Floats
    from_nothing: Floats


def measure(project: Project, draw: int, out: Path) -> Measured:
    """Train the probes of a draw, and mend what they suggest; kept in a file."""
    path = out / f"draw-{draw}.npz"
    if not path.is_file():
        truths, hand = project.masks.truth("val"), Hand()
        photos = WorkingPhotos(project, None, project_cache(project))
        known, rows = len(project.masks.truth("train")), []
        targets = []
        for truth in truths:
            shape = photos.photo(truth.photo_id).shape[:2]
            full = photos.target(truth.photo_id, truth.revision_id, shape)
            targets.append(at_working_size(to_labels(np.array(full))))
        for labels in LABELS:
            settings = project.settings.model_copy(
                update={"training": project.settings.training.model_copy(update={"seed": draw})}
            )
            folder = out / f"probe-{draw}-{labels}"
            trained = run_standalone(
                project,
                settings,
                folder=folder,
                recipe="probe",
                labels_fraction=min(1.0, labels / known),
                labels_draw=draw,
                device="cpu",
            )
            predictor = predictor_of(trained, project, "cpu")
            found = [at_working_size(predictor.predict(photos.photo(t.photo_id)).labels) for t in truths]
            pairs = list(zip(found, targets, strict=True))
            matrices = [confusion(true - 1, seen - 1, project.classes.count) for seen, true in pairs]
            rows.append((np.stack(matrices), np.array([hand.seconds(seen, true) for seen, true in pairs])))
            shutil.rmtree(folder, ignore_errors=True)
            print(f"draw {draw}, {labels} masks", flush=True)
        nothing = np.array([hand.seconds_from_nothing(true) for true in targets])
        np.savez(
            path.with_suffix(".part.npz"),
            m=np.stack([m for m, _ in rows]),
            s=np.stack([s for _, s in rows]),
            n=nothing,
        )
        path.with_suffix(".part.npz").replace(path)
    with np.load(path) as file:
        return Measured(file["m"], file["s"], file["n"])


def served_by(strategy: str, matrices: npt.NDArray[np.int64], names: tuple[str, ...]) -> list[int]:
    """Return which probe (0 to 12) a strategy serves after each of the twelve newer ones."""
    groups, gate = [str(i) for i in range(matrices.shape[1])], GateSettings()
    dice = [float(macro_dice(m.sum(0))) for m in matrices]
    served, best, history = 0, 0, []
    for new in range(1, len(matrices)):
        decision = compare_with_served(
            matrices[new],
            matrices[served],
            groups,
            names,
            lane=Lane.PROBE,
            gate=gate,
            anchor=matrices[best] if best != served else None,
            succeeds=strategy == "newest unless surely worse",
        )
        if strategy == "always the newest" or decision.promote:
            served = new
            best = max(best, new, key=lambda i: dice[i])
        history.append(served)
    return history


def share(measured: Measured, photos: npt.NDArray[np.intp], history: list[int]) -> float:
    """Mean share of the seconds from nothing on the photos that are not the gate's."""
    others = np.setdiff1d(np.arange(len(measured.from_nothing)), photos)
    nothing = measured.from_nothing[others].sum()
    return float(np.mean([measured.seconds[served, others].sum() / nothing for served in history]))


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("newest"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if not (args.out / "project").is_dir():
        make_project(args.data, args.out / "project")
    with Project.open(args.out / "project") as project:
        names = project.classes.names
        draws = [measure(project, draw, args.out) for draw in range(args.draws)]
    print(
        "| gate's photos | strategy | share of seconds | by draw | kept back of 12 |\n|---|---|---|---|---|"
    )
    for count in PHOTOS:
        rng = np.random.default_rng(0)
        samples = [rng.choice(len(draws[0].from_nothing), count, replace=False) for _ in range(SAMPLES)]
        for strategy in STRATEGIES:
            shares, kept = np.zeros((len(draws), SAMPLES)), np.zeros((len(draws), SAMPLES))
            for i, measured in enumerate(draws):
                for j, photos in enumerate(samples):
                    history = served_by(strategy, measured.matrices[:, photos], names)
                    shares[i, j] = share(measured, photos, history)
                    kept[i, j] = sum(served != new for new, served in enumerate(history, 1))
            by_draw = ", ".join(f"{value:.3f}" for value in shares.mean(1))
            print(f"| {count} | {strategy} | {shares.mean():.3f} | {by_draw} | {kept.mean():.1f} |")


if __name__ == "__main__":
    main()
