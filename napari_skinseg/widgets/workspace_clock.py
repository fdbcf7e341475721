"""Timers of an open project: they take results into the layers and show what has changed since."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer

from napari_skinseg.views.annotate import resolve_annotate, window_title
from napari_skinseg.widgets.notices import TrainerDeathNotice
from trainer.errors import UnreachableError

if TYPE_CHECKING:
    from napari_skinseg.session.session import AnnotationSession
    from napari_skinseg.widgets.annotate_dock import AnnotateDock
    from napari_skinseg.widgets.trainer_dock import TrainerDock
    from napari_skinseg.widgets.workspace_tabs import WorkspaceTabs
    from trainer.project.annotators.sessions import Stats

POLL_MS, SOON_MS = 50, 10
TRAINER_MS = 250
READ_SECONDS = 0.9
"""The catalog is read again after so long without a commit too: a heartbeat's age grows by itself."""
NEXT_UP = 12
"""Photos that are read of the head of the queue."""


class WorkspaceClock(QObject):
    """Polls the session, and draws the docks and tabs when there is something new to draw.

    Parameters
    ----------
    session
        Polled every 50 ms, and every 10 ms while strokes are followed: results of threads reach the layers
        there and nowhere else.
    annotate, trainer, tabs
        Shown the session, the trainer, the queue and the day's work.
    """

    def __init__(
        self,
        session: AnnotationSession,
        annotate: AnnotateDock,
        trainer: TrainerDock,
        tabs: WorkspaceTabs,
    ) -> None:
        super().__init__()
        self._session: AnnotationSession | None = session
        self._annotate, self._trainer, self._tabs = annotate, trainer, tabs
        self._today: Stats | None = None
        self._changed = False
        self._last_read = 0.0
        self._death_notice = TrainerDeathNotice()
        self._poll_timer, self._trainer_timer = QTimer(), QTimer()
        self._poll_timer.setInterval(POLL_MS)
        self._trainer_timer.setInterval(TRAINER_MS)
        self._poll_timer.timeout.connect(self._poll)
        self._trainer_timer.timeout.connect(self._look_at_trainer)
        session.state_changed.connect(self._mark_changed)
        session.photo_changed.connect(self._take_new_photo)

    @property
    def running(self) -> bool:
        """Whether any of the timers runs."""
        return self._poll_timer.isActive() or self._trainer_timer.isActive()

    def start(self) -> None:
        """Show the present state and start the timers."""
        self._take_new_photo()
        self._poll()
        self._poll_timer.start()
        self._trainer_timer.start()

    def stop(self) -> None:
        """Stop the timers and let go of the session, before that is closed."""
        self._poll_timer.stop()
        self._trainer_timer.stop()
        self._session = None

    def _poll(self) -> None:
        if self._session is None:
            return
        self._session.poll()
        interval = SOON_MS if self._session.is_following else POLL_MS
        if interval != self._poll_timer.interval():
            self._poll_timer.setInterval(interval)
        if self._changed:
            self._changed = False
            self._annotate.show_view(resolve_annotate(self._session, self._today))
            title = window_title(self._session)
            if self._session.viewer.title != title:
                self._session.viewer.title = title

    def _look_at_trainer(self) -> None:
        if self._session is None or self._session.away:
            return
        with suppress(UnreachableError):  # the session says so; what is drawn stays
            self._draw_trainer()

    def _draw_trainer(self) -> None:
        now = time.monotonic()
        due = now - self._last_read > READ_SECONDS
        self._trainer.refresh(force=due)
        self._death_notice.look(self._trainer.view)
        if due:
            self._last_read = now
            self._read_day()
            self._tabs.refresh()

    def _mark_changed(self, *_: object) -> None:
        self._changed = True

    def _take_new_photo(self, *_: object) -> None:
        with suppress(UnreachableError):
            self._read_day()
        self._changed = True

    def _read_day(self) -> None:
        """Read what comes next, and what was finished today."""
        if self._session is None or self._session.away:
            return
        self._annotate.show_queue(self._session.queue_head(NEXT_UP))
        today = self._session.project.sessions.today(self._session.annotator)
        self._changed = self._changed or today != self._today
        self._today = today
