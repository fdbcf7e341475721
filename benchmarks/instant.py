"""The rest of a photo follows its strokes: how long that takes, and what it mends.

    python -m benchmarks.instant latency                       a real window, 12 megapixels, 4,000 strokes
    python -m benchmarks.instant gain PROJECT --labels 12 41   PROJECT as benchmarks.effort makes it

Latency needs a display (`xvfb-run -a` where there is none). Gain trains a probe for each draw of labels, and
on every second validation photo (``--half``) paints one and three strokes where most is wrong: a *scribble*
inside the region, and what the hand of `trainer.effort` would do, most often an outline. It compares the
share of wrong pixels after the strokes alone and with what followed each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import napari
import numpy as np

from benchmarks.window import HEIGHT, WIDTH, Clock, blobs, make_project
from napari_skinseg.layers.provenance import ProvenanceTracker
from napari_skinseg.session import stroke_follower
from napari_skinseg.session.session import AnnotationSession
from napari_skinseg.widgets.workspace_clock import POLL_MS, SOON_MS
from trainer.data.photo_cache import WorkingPhotos, project_cache
from trainer.effort import strokes
from trainer.effort.strokes import best_stroke, painted_by
from trainer.evaluation.validation import readable_truth
from trainer.instant import follow as following
from trainer.instant.cues import CELL, DEPTH, Cues, cues_of
from trainer.instant.edges import Guide
from trainer.instant.follow import follow
from trainer.labels.truth import to_labels
from trainer.labels.values import PAINTED, PROPOSED
from trainer.project.project import Project
from trainer.training.standalone import predictor_of, run_standalone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trainer.inference.predictor import Predictor

STROKES = (1, 3)
LEAST = 0.0005
"""A region that is a smaller share of the photo is not worth a stroke."""

SETTLE_SECONDS = 0.3


class Measured(NamedTuple):
    """One validation photo: its truth, its suggestion, and what strokes on it are followed by."""

    truth: np.ndarray
    suggestion: np.ndarray
    cues: Cues
    colours: Cues


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    latency = commands.add_parser("latency")
    latency.add_argument("--runs", type=int, default=10)
    gain = commands.add_parser("gain")
    gain.add_argument("project", type=Path)
    gain.add_argument("--labels", nargs="+", type=int, default=[12, 41])
    gain.add_argument("--draws", nargs="+", type=int, default=[1])
    gain.add_argument("--half", type=int, choices=(0, 1), default=1, help="0: the photos it was tuned on")
    gain.add_argument("--out", type=Path, default=Path("instant"))
    args = parser.parse_args()
    if args.command == "latency":
        measure_latency(args.runs)
        return
    with Project.open(args.project) as project:
        for labels in args.labels:
            for draw in args.draws:
                print_gain(project, labels, draw, args.half, args.out / f"run-{labels}-{draw}")


# What it mends


def print_gain(project: Project, labels: int, draw: int, half: int, folder: Path) -> None:
    """Train on a draw of labels, and print a table."""
    photos = list(measured(project, predictor_for(project, labels, draw, folder), half))
    print(f"\n{labels} labels, draw {draw}, {len(photos)} photos: share of wrong pixels, %")
    print(
        f"{'strokes':<9} {'followed by':<12} {'n':>2} {'alone':>6} {'with':>6} {'better':>7} {'worse':>6} "
        f"{'worst':>6}"
    )
    for kind, stroke in (("scribble", scribble), ("outline", outline)):
        alone = np.array([wrong_after(photo, stroke, None) for photo in photos])
        for name in ("cues", "colours"):
            with_it = np.array([wrong_after(photo, stroke, getattr(photo, name)) for photo in photos])
            for column, count in enumerate(STROKES):
                lost = with_it[:, column] - alone[:, column]
                numbers = (alone[:, column].mean(), with_it[:, column].mean())
                shares = f"{np.mean(lost < -0.2):7.0%} {np.mean(lost > 0.2):6.0%} {lost.max():+6.1f}"
                print(
                    f"{kind:<9} {name:<12} {count:>2} {numbers[0]:6.2f} {numbers[1]:6.2f} {shares}",
                    flush=True,
                )


def predictor_for(project: Project, labels: int, draw: int, folder: Path) -> Predictor:
    """Train a probe on a draw of labels."""
    settings = project.settings
    training = settings.training.model_copy(update={"seed": settings.training.seed + draw})
    trained = run_standalone(
        project,
        settings.model_copy(update={"training": training}),
        folder=folder,
        recipe="probe",
        labels_fraction=labels / len(project.masks.truth("train")),
        labels_draw=draw,
        device="cpu",
    )
    return predictor_of(trained, project, "cpu")


def measured(project: Project, predictor: Predictor, half: int) -> Iterator[Measured]:
    """Yield every second validation photo."""
    working, classes = WorkingPhotos(project, None, project_cache(project)), len(project.classes.names)
    for truth in readable_truth(project, project.masks.truth("val"))[half::2]:
        photo = working.photo(truth.photo_id)
        target = np.array(working.target(truth.photo_id, truth.revision_id, photo.shape[:2]))
        found, activations = predictor.predict(photo), predictor.activations(photo)
        assert activations is not None
        yield Measured(
            to_labels(target),
            found.labels,
            cues_of(photo, classes, activations),
            cues_of(photo, classes, None, found.labels, found.confidence),
        )


def wrong_after(
    photo: Measured,
    stroke: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, int] | None],
    cues: Cues | None,
) -> list[float]:
    """Share of wrong pixels, %, after each number of strokes; the hand sees what followed before the next."""
    labels, painted = photo.suggestion.copy(), np.zeros(photo.truth.shape, bool)
    shown, shares = labels, []
    for _ in range(max(STROKES)):
        made = stroke(shown, photo.truth)
        if made is not None:
            labels[made[0]] = made[1]
            painted |= made[0]
            shown = labels.copy()
            if cues is not None:
                found = follow(cues, labels, np.where(painted, np.uint8(PAINTED), np.uint8(PROPOSED)))
                if found.area is not None:
                    shown[found.area] = found.labels
        known = photo.truth > 0
        shares.append(100 * float((shown != photo.truth)[known].mean()))
    return [shares[count - 1] for count in STROKES]


def outline(labels: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, int] | None:
    """The stroke with which the hand of `trainer.effort` mends most."""
    best = best_stroke(labels, truth, LEAST * truth.size)
    return None if best is None else (painted_by(best, labels), best.value)


def scribble(labels: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, int] | None:
    """A thin stroke along the inside of the largest wrong region, which stays within its class."""
    thin = strokes.scribble(labels, truth, LEAST * truth.size)
    return None if thin is None else (painted_by(thin, labels), thin.value)


# How long it takes


def measure_latency(runs: int) -> None:
    """Press R on a photo of 12 megapixels, in a window that turns as the dock turns it; print a table."""
    clock = Clock()
    timed(following, "shift", "thread: strokes to cells", clock)
    timed(Guide, "filtered", "thread: along the edges", clock)
    timed(following, "at_full_size", "thread: to full size", clock)
    timed(stroke_follower._Work, "plan", "thread: all of it", clock)
    timed(ProvenanceTracker, "apply", "window: write it", clock)
    with tempfile.TemporaryDirectory() as folder, make_project(Path(folder), 3) as project:
        viewer = napari.Viewer(show=True)
        viewer.window.resize(1440, 900)
        session = AnnotationSession(viewer, project, "benchmark")
        session.open_next()
        turn(session, lambda: session.current is not None and not session._background.busy)
        photo_id = session.current.photo.id
        sha256 = project.photos.get(photo_id).sha256
        project.activations.save(photo_id, sha256, "0001", random_activations(photo_id))
        for strokes, brush in ((1, 80), (4000, 16)):
            paint_strokes(session, strokes, brush)
            for number in range(runs + 1):
                if number == 1:  # the first one makes the cues
                    clock.times.clear()
                start, computed = time.perf_counter(), time.thread_time()
                follow_once(session)
                spent = time.perf_counter() - start
                clock.note("R to the drawn labels", spent, time.thread_time() - computed)
                assert session._editor.follower.in_force, session.status
                session.undo()
                settle(session)
            print(f"\n{strokes} strokes on {WIDTH} x {HEIGHT}")
            for row in clock.table():
                line = "{what:<28} {runs:>3} median {median_ms:8.1f} ms, computed {cpu_median_ms:7.1f} ms"
                print(line.format(**row))
        session.close()
        viewer.close()


def follow_once(session: AnnotationSession) -> None:
    """Press R, and let the window turn until what follows is drawn."""
    from qtpy.QtWidgets import QApplication

    session.follow_strokes()
    turn(session, lambda: not session._editor.follower._running)
    QApplication.processEvents()


def settle(session: AnnotationSession) -> None:
    """Draw what has changed, so that the next key finds a window at rest."""
    end = time.monotonic() + SETTLE_SECONDS
    turn(session, lambda: time.monotonic() > end)


def timed(owner: Any, name: str, label: str, clock: Clock) -> None:
    """Note how long a function takes."""
    plain = getattr(owner, name)

    def run(*args: object, **options: object) -> object:
        start, computed = time.perf_counter(), time.thread_time()
        try:
            return plain(*args, **options)
        finally:
            clock.note(label, time.perf_counter() - start, time.thread_time() - computed)

    setattr(owner, name, run)


def random_activations(seed: int) -> np.ndarray:
    """What a probe would keep of the photo: the suggestion's probabilities, and features like it."""
    rows, columns = 288 // CELL, 384 // CELL
    step = (np.arange(rows) * HEIGHT // rows, np.arange(columns) * WIDTH // columns)
    labels = blobs(seed)[step[0][:, None], step[1]]
    random = np.random.default_rng(seed)
    values = random.normal(0, 0.05, (rows, columns, 9 + DEPTH))
    values[..., :9] = 0.03
    np.put_along_axis(values, labels[..., None].astype(int) - 1, 0.76, axis=2)
    values[..., 9:] += random.normal(0, 1, (10, DEPTH))[labels]
    return values.astype(np.float16)


def paint_strokes(session: AnnotationSession, count: int, brush: int) -> None:
    """Paint short strokes all over the photo, half of them against the suggestion."""
    random, layer = np.random.default_rng(0), session.annotation_layer
    layer.brush_size = brush
    for number in range(count):
        row, column = int(random.integers(HEIGHT)), int(random.integers(WIDTH))
        own = int(layer.data[row, column])
        value = own if number % 2 else own % 9 + 1
        with layer.block_history():
            for step in range(3 if count > 1 else 60):
                layer.paint((row, min(column + 8 * step, WIDTH - 1)), value, refresh=False)
    layer.refresh()
    session.poll()


def turn(session: AnnotationSession, reached: Callable[[], bool]) -> None:
    """Turn the event loop and the session as `WorkspaceClock` does."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < end, session.status
        QApplication.processEvents()
        time.sleep((SOON_MS if session.is_following else POLL_MS) / 1000)
        session.poll()


if __name__ == "__main__":
    main()
