"""The two that are killed: a trainer, and a writer that paints, saves, skips and flags without rest.

``python -m tools.crash_victims nursery`` imports what both need and then forks one for each line of input, so
that a thousand of them do not import for an hour. ``window PROJECT JOURNAL`` is the whole window instead.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.labels.classes import load_class_set
from trainer.labels.values import PAINTED
from trainer.project.project import Project

if TYPE_CHECKING:
    from napari_skinseg.session.session import AnnotationSession

CELL = 6
"""Every stroke has a cell of its own, so that none hides another: pixels."""
STROKE_SECONDS = 0.025
ANNOTATOR = "painter"
Labels = np.ndarray


def cell_of(number: int, shape: tuple[int, ...]) -> tuple[int, int]:
    """Middle of the cell that belongs to the stroke of this number on a photo."""
    columns = shape[1] // CELL
    return number // columns * CELL + CELL // 2, number % columns * CELL + CELL // 2


def value_of(number: int) -> int:
    """Class that the stroke of this number paints."""
    return 1 + number % 9


def cells(shape: tuple[int, ...]) -> int:
    """Strokes that fit on a photo."""
    return (shape[0] // CELL) * (shape[1] // CELL)


def strokes_in(labels: Labels, provenance: Labels) -> int:
    """Count the strokes of a mask up to the first that is missing; what a model proposed does not count."""
    for number in range(cells(labels.shape)):
        place = cell_of(number, labels.shape)
        if labels[place] != value_of(number) or provenance[place] != PAINTED:
            return number
    return cells(labels.shape)


def digest(labels: Labels) -> str:
    """Return the SHA-256 of a mask's pixels."""
    return hashlib.sha256(np.ascontiguousarray(labels).tobytes()).hexdigest()


def entries(journal: Path) -> Iterator[dict[str, Any]]:
    """Read a journal; the last line of whoever was killed may be torn."""
    for line in journal.read_text().splitlines() if journal.exists() else []:
        try:
            yield json.loads(line)
        except ValueError:
            continue


class Writer:
    """The hand at a session: strokes, and one of the ways to leave a photo after some of them."""

    WAYS = (("accept", 55), ("save_part", 15), ("skip", 10), ("flag", 8), ("take_back", 12))

    def __init__(self, session: AnnotationSession, journal: Path, seed: str) -> None:
        self._session, self._random = session, random.Random(seed)
        self._photo, self._strokes = 0, 0
        self._book = journal.open("a", buffering=1)
        self._book.write("\n")
        self._left = self._random.randint(3, 20)
        save_draft = session.project.drafts.save

        def save_and_note(
            photo_id: int, annotator: str, labels: Labels, provenance: Labels, *more: Any
        ) -> Any:
            strokes = strokes_in(labels, provenance)
            made = save_draft(photo_id, annotator, labels, provenance, *more)
            self.note(draft=strokes, photo=photo_id)
            return made

        session.project.drafts.save = save_and_note  # type: ignore[method-assign]
        session._saver.saved.connect(self._saved)
        session.notice.connect(lambda level, text: self.note(level=level, text=text))
        self.note(opened=os.getpid())

    def note(self, **entry: object) -> None:
        """Write a line; what is in the journal was acknowledged to the annotator before."""
        self._book.write(json.dumps({**entry, "at": time.time()}) + "\n")

    def act(self) -> None:
        """Do one thing."""
        session = self._session
        if session.current is None:
            session.open_next()
            return
        photo, layer = session.current.photo.id, session.annotation_layer
        if photo != self._photo:
            self._photo, self._strokes = photo, strokes_in(layer.data, session._editor.tracker.array)
        if self._strokes < cells(layer.data.shape):
            layer.brush_size = 3
            layer.paint(cell_of(self._strokes, layer.data.shape), value_of(self._strokes))
            self.note(photo=photo, stroke=self._strokes)
            self._strokes += 1
            self._left -= 1
        if self._left <= 0 or self._strokes >= cells(layer.data.shape):
            self._left = self._random.randint(3, 20)
            self._leave()
            self._photo = 0

    def _leave(self) -> None:
        names, weights = zip(*self.WAYS, strict=True)
        way = self._random.choices(names, weights)[0]
        session = self._session
        if way == "flag":
            session.flag("odd")
        elif way == "accept":
            session.accept_and_next()
        else:
            getattr(session, way)()

    def _saved(self, job: Any, revision: Any) -> None:
        if revision is not None:
            labels, strokes = job.photo.labels, strokes_in(job.photo.labels, job.photo.provenance)
            self.note(saved=revision.id, photo=job.photo.id, digest=digest(labels), strokes=strokes)


def write_until_killed(path: Path, journal: Path, seed: str) -> None:
    """Work as the window does, without one."""
    from napari.components import ViewerModel

    from napari_skinseg.session.session import AnnotationSession

    session = AnnotationSession(ViewerModel(), Project.open(path), ANNOTATOR)
    writer = Writer(session, journal, seed)
    due = time.monotonic()
    while True:
        session.poll()
        if time.monotonic() >= due:
            due = time.monotonic() + STROKE_SECONDS
            writer.act()
        time.sleep(0.003)


def window_until_killed(path: Path, journal: Path, seed: str) -> None:
    """Work in the whole window."""
    import napari
    from qtpy.QtCore import QTimer

    from napari_skinseg.widgets.workspace import open_workspace

    viewer = napari.Viewer(show=False)
    dock = open_workspace(viewer, path, ANNOTATOR)
    assert dock.session is not None
    writer = Writer(dock.session, journal, seed)
    timer = QTimer()
    timer.timeout.connect(writer.act)
    timer.start(int(STROKE_SECONDS * 1000))
    napari.run()


def train_until_killed(path: Path) -> None:
    """Work as ``skinseg trainer PROJECT --device cpu`` does."""
    from trainer.cli.main import main

    main(["trainer", str(path), "--device", "cpu"])


def nursery() -> None:
    """Fork a victim for each line of input, and say its process id."""
    import pandas  # noqa: F401
    import PIL.JpegImagePlugin  # noqa: F401
    import torch
    from napari.components import ViewerModel

    import napari_skinseg.session.session  # noqa: F401
    import trainer.cli.run
    import trainer.service.service
    import trainer.training.round  # noqa: F401
    from napari_skinseg.layers.layers import WorkspaceLayers

    torch.set_num_threads(1)
    WorkspaceLayers(ViewerModel(), load_class_set("skin9"), 24, 0.5)  # compiles what draws them
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _live(order)
        print(child, flush=True)


def _live(order: dict[str, str]) -> None:
    """Be the victim, in a child that never returns to the loop."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, to in ((0, nothing), (1, log), (2, log)):
        os.dup2(to, number)
    code = 1
    try:
        if order["victim"] == "trainer":
            train_until_killed(Path(order["project"]))
        else:
            write_until_killed(Path(order["project"]), Path(order["journal"]), order["seed"])
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    if sys.argv[1] == "nursery":
        nursery()
    else:
        window_until_killed(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
