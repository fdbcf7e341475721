"""Window at 12 MP: time of the main thread for switching, polling, refreshing and painting.

`python -m benchmarks.window [--photos N] [--json FILE]`, on a display (`xvfb-run -a` where there is none): a
real napari window, real JPEG files, a real project with predictions.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from PIL import Image

from napari_skinseg.layers.provenance import ProvenanceTracker
from napari_skinseg.session.session import AnnotationSession
from napari_skinseg.widgets.staged_drawing import StagedDrawing
from trainer.labels.truth import merge, proposed
from trainer.project.project import Project
from trainer.service.process import start_trainer, stop_trainer

if TYPE_CHECKING:
    from collections.abc import Callable

HEIGHT, WIDTH = 3000, 4000
OUT = Path(__file__).parent / "results" / "window.json"


def make_photo(path: Path, number: int) -> None:
    """Write a 12 MP JPEG of about 4 MB, as phones do."""
    random = np.random.default_rng(number)
    small = random.integers(0, 255, (HEIGHT // 40, WIDTH // 40, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    grain = random.integers(-12, 12, (HEIGHT, WIDTH, 1), dtype=np.int16)
    noisy = np.clip(np.asarray(picture, np.int16) + grain, 0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(path, quality=90)


def blobs(seed: int) -> np.ndarray:
    """Make a mask of 12 MP with large regions of all classes."""
    small = np.random.default_rng(seed).integers(1, 10, (12, 16), dtype=np.uint8)
    return np.kron(small, np.ones((HEIGHT // 12, WIDTH // 16), np.uint8))


def make_project(folder: Path, photos: int) -> Project:
    """Make a project of 12 MP photos, all with a prediction by a served model."""
    (folder / "photos").mkdir()
    for number in range(photos):
        make_photo(folder / "photos" / f"photo_{number:02}.jpg", number)
    project = Project.create(folder / "project")
    project.registration.add_folder(folder / "photos")
    project.models.add("0001", recipe="supervised", lane="fast")
    project.models.promote("0001", why="benchmark", by="benchmark")
    for photo_id in project.photos.ids():
        project.predictions.save(photo_id, "0001", blobs(photo_id), np.full((HEIGHT, WIDTH), 180, np.uint8))
    return project


class Clock:
    """Milliseconds of what ran, by name: on the wall, and of this thread's own computing."""

    def __init__(self) -> None:
        self.times: dict[str, list[tuple[float, float]]] = {}

    def __call__(self, name: str, work: Callable[[], object]) -> None:
        """Run `work` and note how long it took."""
        start, computed = time.perf_counter(), time.thread_time()
        work()
        self.note(name, time.perf_counter() - start, time.thread_time() - computed)

    def note(self, name: str, seconds: float, computed: float) -> None:
        """Note a run that took `seconds` on the wall and `computed` seconds of this thread."""
        self.times.setdefault(name, []).append((1000 * seconds, 1000 * computed))

    def table(self) -> list[dict[str, Any]]:
        """Return one row per name: runs, median, 99th percentile, worst; on the wall, and computed."""
        rows = []
        for name, times in self.times.items():
            wall, computed = np.array(times).T
            rows.append(
                {
                    "what": name,
                    "runs": len(times),
                    "median_ms": round(float(np.median(wall)), 2),
                    "p99_ms": round(float(np.percentile(wall, 99)), 2),
                    "max_ms": round(float(wall.max()), 2),
                    "cpu_median_ms": round(float(np.median(computed)), 2),
                    "cpu_max_ms": round(float(computed.max()), 2),
                }
            )
        return rows


def measure_switching(project: Project, photos: int, clock: Clock) -> None:
    """Accept one photo after the other, each prefetched; note every turn of the main thread."""
    from qtpy.QtWidgets import QApplication

    viewer = napari.Viewer(show=True)
    viewer.window.resize(1440, 900)
    session = AnnotationSession(viewer, project, "benchmark")
    staged = StagedDrawing(viewer, session)
    session.open_next()
    turn(session, clock, lambda: session.current is not None)
    for number in range(photos - 3):
        turn(session, clock, lambda: bool(session._navigator.waiting.ready) and not session._background.busy)
        clock("draw while nothing happens", QApplication.processEvents)
        layer = session.annotation_layer
        layer.brush_size = 120
        clock("one stroke of 40 dabs", lambda layer=layer: stroke(layer, 3))
        if number % 2:
            newer, tracker = blobs(1000 + number), session._editor.tracker
            plan = tracker.plan(newer, "0002")
            clock("safe refresh, all pixels differ (planned)", lambda t=tracker, p=plan: t.apply(p))
            clock("undo of a refresh", session.undo)
        photo_id = session.current.photo.id
        clock("switch to the prefetched next photo", session.accept_and_next)
        assert session.current is not None, "the next photo was not ready"
        while staged.holding:
            clock("first draw of the photo, of its labels", QApplication.processEvents)
        clock("first draw of the photo, of its labels", QApplication.processEvents)
        start = time.perf_counter()
        turn(session, clock, lambda i=photo_id: project.masks.head(i) is not None)
        clock.note("accept to durable (the wait of nobody)", time.perf_counter() - start, 0.0)
    clock("copy of a draft", session._editor._copies)
    clock("close", session.close)
    viewer.close()


def measure_beside_trainer(project: Project, clock: Clock, seconds: float = 20.0) -> None:
    """Paint while a real trainer trains on the same machine; note every turn of the main thread."""
    for photo_id in project.photos.ids(split="train")[:6]:
        head, labels = project.masks.head(photo_id), blobs(photo_id)
        project.masks.save(photo_id, labels, np.full_like(labels, 3), "benchmark", head.id if head else None)
    start_trainer(project.path, "cpu")
    viewer = napari.Viewer(show=True)
    session = AnnotationSession(viewer, project, "benchmark")
    staged = StagedDrawing(viewer, session)
    session.open_photo(project.photos.ids()[0])

    def training() -> bool:
        state = project.trainer.state()
        return state is not None and state.state == "training" and (state.step or 0) > 0

    turn(session, clock, lambda: session.current is not None and training(), "poll, the trainer starting")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        clock("one stroke of 40 dabs, the trainer training", lambda: stroke(session.annotation_layer, 3))
        pause = time.monotonic() + 0.5
        turn(session, clock, lambda p=pause: time.monotonic() > p, "poll, the trainer training")
    session.close()
    del staged  # as the dock keeps it
    viewer.close()
    stop_trainer(project)


def turn(
    session: AnnotationSession,
    clock: Clock,
    reached: Callable[[], bool],
    name: str = "poll, photos loading behind it",
) -> None:
    """Turn the event loop as the dock does, until something is so."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < end, session.status
        clock(name, session.poll)
        QApplication.processEvents()
        time.sleep(0.01)


def stroke(layer: Any, value: int) -> None:
    """Draw one stroke through the layer, as the mouse does."""
    with layer.block_history():
        for column in range(200, 2200, 50):
            layer.paint((1500, column), value)


def measure_tools(clock: Clock, runs: int = 5) -> None:
    """Compare the same tools on a plain Labels layer and on one that follows provenance."""
    from napari.components import ViewerModel

    for name in ("napari alone", "with provenance"):
        labels = blobs(1)
        labels[:2000] = 1
        layer = ViewerModel().add_labels(labels.copy())
        layer.brush_size = 120
        value = 4 if labels[10, 10] != 4 else 5
        tracker = None
        if name == "with provenance":
            tracker = ProvenanceTracker(layer)
            tracker.start(labels.copy(), proposed(labels))
            tracker.locked.add(next(v for v in range(1, 10) if v not in (3, value, labels[10, 10])))
        for _ in range(runs):
            clock(f"stroke of 40 dabs, {name}", lambda one=layer: stroke(one, 3))
            clock(f"undo of a stroke, {name}", layer.undo)
            clock(f"fill of 8 million pixels, {name}", lambda one=layer, v=value: one.fill((10, 10), v))
            clock(f"undo of a fill, {name}", layer.undo)
        if tracker is not None:
            tracker.close()


def measure_store(project: Project, clock: Clock, runs: int = 5) -> None:
    """Save and read a 12 MP mask: what the threads spend."""
    labels = blobs(3)
    provenance = np.full_like(labels, 2)
    for _ in range(runs):
        photo_id = project.photos.ids()[-1]
        head = project.masks.head(photo_id)
        base = head.id if head else None
        clock(
            "save of a 12 MP mask, durable (thread)",
            lambda p=photo_id, b=base: project.masks.save(p, labels, provenance, "benchmark", expected=b),
        )
        clock("read of a 12 MP photo (thread)", lambda p=photo_id: project.photos.read(p))
        clock("merge of a suggestion (thread)", lambda: merge(labels, provenance, blobs(4)))


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=10)
    parser.add_argument("--json", type=Path, default=OUT)
    options = parser.parse_args()
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder, make_project(Path(folder), options.photos) as project:
        measure_store(project, clock)
        measure_switching(project, options.photos, clock)
        measure_beside_trainer(project, clock)
    measure_tools(clock)
    rows = clock.table()
    heads = ("what", "runs", "median ms", "p99 ms", "worst ms", "own cpu", "worst cpu")
    for line in (heads, *(tuple(row.values()) for row in rows)):
        print("{:<44} {:>5} {:>10} {:>9} {:>9} {:>9} {:>9}".format(*line))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    machine = {"system": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    result = {"photo": [HEIGHT, WIDTH], "napari": napari.__version__, "machine": machine, "rows": rows}
    options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
