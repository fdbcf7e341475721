"""The loop run by a simulated annotator in the real window, with the real trainer behind it.

`skinseg demo --headless` runs this where there is no display. It leaves pictures of the window, the effort of
every photo and a report in the project folder; the end-to-end test reads these.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_skinseg.demo.report import STAGES, Visit, stage_name, visit_line, write_report
from napari_skinseg.demo.simulated_annotator import SimulatedAnnotator
from napari_skinseg.widgets.event_loop import settle
from trainer.errors import ProjectError
from trainer.labels.png import read_values
from trainer.labels.truth import to_labels
from trainer.networks.published.folder import find_whole
from trainer.networks.published.registry import MOBILESAM
from trainer.project.project import Project
from trainer.service.process import start_trainer, stop_trainer

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari
    from numpy.typing import NDArray

    from napari_skinseg.session.session import AnnotationSession
    from napari_skinseg.widgets.workspace import WorkspaceDock
    from trainer.project.photos.photos import Photo

PATIENCE = 300.0
"""Longest wait in which a trainer gets no further, in seconds."""


def run_demo(
    path: Path,
    photos: int,
    say: Callable[[str], None] = print,
    per_stage: int | None = None,
    selects: bool | None = None,
) -> list[Visit]:
    """Annotate a demo project with the trainer running, in three stages; write pictures and a report into it.

    Parameters
    ----------
    path
        A project made by `skinseg demo`, its truth in ``sample/masks``.
    photos
        How many photos the project has; each stage takes a sixth of them unless `per_stage` says more.
    selects
        Whether the annotator selects whole things by clicks; by default where MobileSAM's weights are.

    Raises
    ------
    ProjectError
        If the trainer does not produce a model within five minutes.
    """
    import napari

    from napari_skinseg.widgets.workspace import open_workspace

    per_stage = per_stage or max(4, photos // 6)
    if selects is None:
        selects = find_whole(MOBILESAM, path / "pretrained") is not None
    viewer = napari.Viewer(show=False, show_welcome_screen=False)
    try:
        viewer.window.show()
        viewer.window.resize(1440, 900)
        dock = open_workspace(viewer, path, "simulated")
        start_trainer(path)
        annotator = _annotator(dock, path, selects)
        visits = _annotate_in_stages(viewer, annotator, path, per_stage, say)
        dock.dispose()
    finally:
        with Project.open(path) as project:
            stop_trainer(project)
        viewer.close()
    write_report(path, visits)
    return visits


def _annotator(dock: WorkspaceDock, path: Path, selects: bool) -> SimulatedAnnotator:
    assert dock.session is not None
    truth = Truth(path / "sample" / "masks")
    return SimulatedAnnotator(dock.session, truth, follows=True, selects=selects)


def _annotate_in_stages(
    viewer: napari.Viewer,
    annotator: SimulatedAnnotator,
    path: Path,
    per_stage: int,
    say: Callable[[str], None],
) -> list[Visit]:
    session, project = annotator.session, annotator.session.project
    visits: list[Visit] = []
    for number in range(STAGES):
        stage = stage_name(number, per_stage)
        if number:
            say("waiting until the last masks have been learnt from ...")
            _wait_for_round(project, number)
        for _ in range(per_stage):
            if not _open_photo(session, suggested=number > 0):
                say("the queue is empty")
                break
            settle(0.3)
            if len(visits) in (0, per_stage, 2 * per_stage):
                _take_picture(viewer, path / f"{number + 1}-{stage.replace(' ', '-')}.png")
            visits.append(_one_photo(annotator, stage))
            say(visit_line(visits[-1]))
        _wait_until(lambda: session.saving == 0, 60, "the masks to be saved")
    _wait_for_round(project, STAGES)
    settle(2.0)
    _take_picture(viewer, path / "4-the-end.png")
    return visits


def _one_photo(annotator: SimulatedAnnotator, stage: str) -> Visit:
    current = annotator.session.current
    assert current is not None
    effort = annotator.accept_and_next()
    return Visit(
        stage,
        current.photo.relpath,
        current.model_id,
        effort.strokes,
        effort.seconds,
        effort.from_nothing,
        effort.by_select,
        effort.before,
    )


class Truth:
    """The true mask of a demo photo, as stored labels (class index + 1): uint8 (height, width)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, photo: Photo) -> NDArray[np.uint8]:
        """Read the mask of a photo: a PNG of its name, pixel = class index."""
        values = read_values(self._folder / f"{Path(photo.relpath).stem}.png")
        return to_labels(values.astype(np.uint8))


def _open_photo(session: AnnotationSession, suggested: bool) -> bool:
    """Wait for the next photo, with its suggestion where there should be one; False: the queue is empty."""
    if session.current is None:
        session.open_next()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        settle(0.05)
        current = session.current
        if current is None:
            if session.project_status.queue_is_empty:
                return False
        elif not suggested or current.blind or current.model_id is not None:
            return True
    return session.current is not None


def _wait_for_round(project: Project, rounds: int) -> None:
    """Wait until so many rounds have ended and no saved mask is newer than the last of them."""

    def done() -> bool:
        ended = [r for r in project.trainer.rounds() if r.model_id is not None]
        return len(ended) >= rounds and project.models.untrained_labels(ended[0].model_id) == 0

    def getting_on() -> object:
        state = project.trainer.state()
        return None if state is None else (state.state, state.round, state.step)

    awaited = f"round {rounds} of the trainer (see {project.path / 'trainer.log'})"
    _wait_until(done, PATIENCE, awaited, getting_on)


def _wait_until(
    done: Callable[[], bool], seconds: float, awaited: str, getting_on: Callable[[], object] = lambda: None
) -> None:
    """Wait until `done`; give up after so many seconds in which `getting_on` returns the same.

    Raises
    ------
    ProjectError
        If it gives up; `awaited` names what did not come.
    """
    end, seen = time.monotonic() + seconds, getting_on()
    while not done():
        now = getting_on()
        if now != seen:
            end, seen = time.monotonic() + seconds, now
        if time.monotonic() > end:
            raise ProjectError(f"waited {seconds:.0f} s in vain for {awaited}")
        settle(0.2)


def _take_picture(viewer: napari.Viewer, out: Path) -> None:
    viewer.window.screenshot(str(out), canvas_only=False, flash=False)
