"""Work on projects that takes its time: made, filled or drawn in a thread, reported by signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.qt.threading import create_worker
from qtpy.QtCore import QObject, Signal

from napari_skinseg.session import projects

if TYPE_CHECKING:
    from collections.abc import Callable


class ProjectMaker(QObject):
    """Runs one of the slow functions of `projects` in a thread.

    Signals
    -------
    made(str)
        Path of a project that is ready.
    remarked(str)
        Something the project that is ready does without, one line.
    failed(str)
        Error and mend, one line.
    """

    made = Signal(str)
    remarked = Signal(str)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker: Any = None  # napari keeps none: a worker that nothing holds would not report

    def run(self, function: Callable[..., projects.Made], *given: object) -> None:
        """Begin `function` in a thread; it returns the project's path and a remark."""
        self._worker = create_worker(projects.attempt, function, *given)
        self._worker.returned.connect(self._finish)
        self._worker.start()

    def _finish(self, outcome: projects.Made) -> None:
        path, remark = outcome
        self._worker = None
        if not path:
            self.failed.emit(remark)
            return
        if remark:
            self.remarked.emit(remark)
        self.made.emit(path)
