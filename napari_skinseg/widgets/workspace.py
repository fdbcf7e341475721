"""The workspace: opens a project, makes its session, and lays the two docks out around the photo."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import napari
from napari.qt.threading import create_worker
from napari.utils.notifications import show_error, show_info, show_warning
from qtpy.QtCore import QCoreApplication, QEvent, QSize, Qt, QTimer
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QFileDialog, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from napari_skinseg.session import projects
from napari_skinseg.session.session import AnnotationSession
from napari_skinseg.views.annotate import resolve_annotate
from napari_skinseg.views.trainer import TrainerView, resolve_trainer
from napari_skinseg.widgets.annotate_dock import WIDTH, AnnotatePanel
from napari_skinseg.widgets.key_help import KeyTable
from napari_skinseg.widgets.models_tab import ModelsPanel
from napari_skinseg.widgets.queue_tab import QueuePanel
from napari_skinseg.widgets.recipe_tab import TrainingPanel
from napari_skinseg.widgets.review_tab import ReviewPanel
from napari_skinseg.widgets.settings_tab import SettingsPanel
from napari_skinseg.widgets.staged_drawing import StagedDrawing
from napari_skinseg.widgets.start_panel import StartPanel
from napari_skinseg.widgets.trainer_dock import TrainerPanel
from trainer.errors import SkinsegError
from trainer.project.project import Project
from trainer.project.sessions import Stats
from trainer.service.process import start_trainer

DOCK = "SkinSeg"
POLL_MS = 50
TRAINER_MS = 250
LOOK_SECONDS = 0.9
NEXT_UP = 12


def open_workspace(
    viewer: napari.Viewer, path: str | Path | None = None, annotator: str | None = None
) -> WorkspaceDock:
    """Lay the SkinSeg docks out in a napari window.

    Parameters
    ----------
    viewer : napari.Viewer
        The window.
    path : str or Path, optional
        A project folder; without one the dock offers to open or make one.
    annotator : str, optional
        Whose work it is; else napari's preference, else the login name.

    Raises
    ------
    SkinsegError
        If the folder is not a project that can be opened, or the window shows another one already.
    """
    dock = next(_docks(viewer), None)
    if dock is None:
        dock = WorkspaceDock(viewer)
        viewer.window.add_dock_widget(dock, name=DOCK, area="right")
    elif path is not None and dock.project is not None:
        raise _taken(dock, path)
    if path is not None:
        dock.open(path, annotator)
    return dock


class WorkspaceDock(QWidget):
    """The SkinSeg dock: a start panel, or the open project; owns session, timers and the other docks."""

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.project: Project | None = None
        self.session: AnnotationSession | None = None
        self.annotate: AnnotatePanel | None = None
        self.trainer: TrainerPanel | None = None
        self.staged: StagedDrawing | None = None
        self.tabs: dict[str, Any] = {}
        self.keys: KeyTable | None = None
        self.help_key: Any = None
        self._today: Stats | None = None
        self._looked = 0.0
        self._changed = self._trainer_ran = False
        self._maker: Any = None
        self.start = StartPanel(last=projects.last_project())
        self.start.opened.connect(self._try_open)
        self.start.made.connect(lambda *given: self._make(projects.new, *given))
        self.start.demo.connect(lambda: self._make(projects.demo))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.stack)
        self.poll_timer, self.trainer_timer = QTimer(), QTimer()
        self.poll_timer.setInterval(POLL_MS)
        self.trainer_timer.setInterval(TRAINER_MS)
        self.poll_timer.timeout.connect(self._poll)
        self.trainer_timer.timeout.connect(self._watch_trainer)

    def sizeHint(self) -> QSize:
        """Qt: as wide as the annotate panel."""
        return QSize(WIDTH, super().sizeHint().height())

    # -- opening and closing ---------------------------------------------------------------------

    def open(self, path: str | Path, annotator: str | None = None) -> None:
        """Open a project and show its first photo.

        Raises
        ------
        SkinsegError
            If the folder is not a project that can be opened, or another dock of the window has one open.
        """
        others = (dock for dock in _docks(self.viewer) if dock is not self and dock.project is not None)
        if other := next(others, None):
            raise _taken(other, path)
        self.dispose()
        annotator = annotator or projects.annotator_name()
        project = projects.open_project(Path(path))
        self.project = project
        session = self.session = AnnotationSession(self.viewer, project, annotator)
        self.staged = StagedDrawing(self.viewer, session)
        self.annotate = AnnotatePanel(session, theme=self.viewer.theme)
        self.annotate.asked.connect(self.show_extra)
        self.stack.addWidget(self.annotate)
        self.stack.setCurrentWidget(self.annotate)
        self.trainer = TrainerPanel(project, annotator, self.start_trainer, theme=self.viewer.theme)
        self.trainer.asked.connect(self.show_extra)
        session.state_changed.connect(self._mark_changed)
        session.photo_changed.connect(self._photo_changed)
        session.notice.connect(self._notice)
        session.help_requested.connect(self._show_keys)
        self._lay_out()
        self.help_key = QShortcut(QKeySequence("?"), _window(self.viewer))  # napari cannot bind this key
        self.help_key.activated.connect(self._show_keys)
        self.viewer.events.theme.connect(self._set_theme)
        self.trainer.refresh(force=True)
        if projects.wants_trainer() and not project.read_only and not resolve_trainer(project).running:
            self.start_trainer()
        session.open_next()
        self._photo_changed()
        self._poll()
        self.poll_timer.start()
        self.trainer_timer.start()
        projects.remember(project.path)
        _on_close(self.viewer, self.dispose)

    def dispose(self) -> None:
        """Stop the timers, put unfinished work in safety, close session and project. Safe to call twice."""
        self.poll_timer.stop()
        self.trainer_timer.stop()
        session, project = self.session, self.project
        self.session = self.project = self.staged = None
        self.viewer.events.theme.disconnect(self._set_theme)
        if session is not None:
            session.close()
        if project is not None:
            project.close()

    def _lay_out(self) -> None:
        window = self.viewer.window
        self.viewer.title = f"SkinSeg: {self.project.path.name}" if self.project else "SkinSeg"
        window.add_dock_widget(self.trainer, name="Trainer", area="bottom")
        self.fit_docks()

    def fit_docks(self) -> None:
        """Give the docks their size, and the rest to the photo."""
        main: Any = _window(self.viewer)
        if self.trainer is not None:
            self.trainer.fit_dock()
        if self.parent() is not None:
            main.resizeDocks([self.parent()], [WIDTH], Qt.Orientation.Horizontal)

    def event(self, event: Any) -> bool:
        """Qt: a dock closed for good takes its session and its other docks along."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None and self.session is not None:
            self.dispose()
            self.help_key.deleteLater()
            for panel in (self.trainer, *self.tabs.values()):
                self._remove(panel)
            self.tabs.clear()
        return bool(super().event(event))

    def _remove(self, panel: Any) -> None:
        if panel is not None and panel.parent() is not None:
            self.viewer.window.remove_dock_widget(panel)
            panel.deleteLater()

    # -- the clock -------------------------------------------------------------------------------

    def _poll(self) -> None:
        if self.session is None:
            return
        self.session.poll()
        if self._changed and self.annotate is not None:
            self._changed = False
            self.annotate.show_view(resolve_annotate(self.session, self._today))

    def _watch_trainer(self) -> None:
        if self.trainer is None or self.session is None:
            return
        now = time.monotonic()
        due = now - self._looked > LOOK_SECONDS
        self.trainer.refresh(force=due)
        self._tell_if_died(self.trainer.view)
        if due:
            self._looked = now
            self._read_day()
            for panel in self.tabs.values():
                if hasattr(panel, "refresh") and panel.isVisible():
                    panel.refresh()

    def _tell_if_died(self, view: TrainerView | None) -> None:
        if view is not None:
            if self._trainer_ran and view.died:
                show_warning(view.line)
            self._trainer_ran = view.running

    def _set_theme(self, *_: object) -> None:
        if self.annotate is not None and self.trainer is not None:
            self.annotate.set_theme(self.viewer.theme)
            self.trainer.set_theme(self.viewer.theme)

    def _mark_changed(self, *_: object) -> None:
        self._changed = True

    def _photo_changed(self, *_: object) -> None:
        self._read_day()
        self._changed = True

    def _read_day(self) -> None:
        if self.session is None or self.project is None or self.annotate is None:
            return
        self.annotate.show_queue(self.session.queue_head(NEXT_UP))
        today = self.project.sessions.today(self.session.annotator)
        self._changed = self._changed or today != self._today
        self._today = today

    def _notice(self, level: str, text: str) -> None:
        if level == "error":
            show_error(text)
        elif level == "warning":
            show_warning(text)
        elif level == "news":
            show_info(text)
        else:
            self.viewer.status = text

    # -- what the docks ask for ------------------------------------------------------------------

    def start_trainer(self) -> None:
        """Start the background trainer of this project."""
        if self.project is None:
            return
        try:
            start_trainer(self.project.path)
            self.viewer.status = "the trainer is starting"
        except (SkinsegError, OSError) as error:
            show_error(f"the trainer did not start: {error}")

    def show_extra(self, what: str) -> None:
        """Open a tab (``queue``, ``review``, ``models`` …) or the key table, or add photos."""
        if self.session is None or self.project is None:
            return
        if what == "photo":
            _window(self.viewer).centralWidget().setFocus()
        elif what == "keys":
            self._show_keys()
        elif what == "add":
            self._add_photos()
        elif what == "trainer" and self.trainer is not None:
            self._raise(self.trainer, "Trainer", "bottom")
        else:
            session, project = self.session, self.project
            makers: dict[str, Callable[[], Any]] = {
                "queue": lambda: QueuePanel(session),
                "review": lambda: ReviewPanel(session),
                "models": lambda: ModelsPanel(project, session.annotator),
                "settings": lambda: SettingsPanel(project),
                "training": lambda: TrainingPanel(project, session.annotator),
            }
            panel = self.tabs.get(what)
            if panel is None:
                panel = self.tabs[what] = makers[what]()
            name = "Recipe" if what == "training" else what.capitalize()
            self._raise(panel, name, "bottom" if what == "models" else "right")

    def _raise(self, panel: Any, name: str, area: str) -> None:
        if panel.parent() is None:
            self.viewer.window.add_dock_widget(panel, name=name, area=area, tabify=True)
        panel.parent().show()
        panel.parent().raise_()

    def _show_keys(self) -> None:
        """Open the key table, or close it."""
        if self.keys is not None and self.keys.isVisible():
            self.keys.close()
        elif self.session is not None:
            self.keys = KeyTable(self.session.bindings(), parent=_window(self.viewer))
            self.keys.show()

    def _add_photos(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder with more photos")
        if folder and self.project is not None:
            self._make(projects.add, self.project.path, folder)

    # -- beginning without a project -------------------------------------------------------------

    def _try_open(self, path: str) -> None:
        try:
            self.open(path)
        except SkinsegError as error:
            self.start.say(str(error))

    def _make(self, act: Callable[..., projects.Made], *given: Any) -> None:
        self.start.say("preparing …")
        self.start.setEnabled(False)
        self._maker = create_worker(projects.attempt, act, *given)
        self._maker.returned.connect(self._made)
        self._maker.start()

    def _made(self, outcome: projects.Made) -> None:
        path, remark = outcome
        self._maker = None
        self.start.setEnabled(True)
        self.start.say("" if path else remark)
        if not path:
            if self.project is not None:
                show_error(remark)
            return
        if remark:
            show_warning(remark)
        if self.project is None:
            self._try_open(path)
        elif self.session is not None and self.session.current is None:
            self.session.open_next()


def _docks(viewer: napari.Viewer) -> Iterator[WorkspaceDock]:
    """Every SkinSeg dock of a window, whichever way it came."""
    return (dock for dock in viewer.window.dock_widgets.values() if isinstance(dock, WorkspaceDock))


def _taken(dock: WorkspaceDock, path: str | Path) -> SkinsegError:
    shown = dock.project.path if dock.project else "another project"
    return SkinsegError(
        f"this window shows {shown}: close its dock {DOCK} first, or open {path} in another window"
    )


def _window(viewer: napari.Viewer) -> Any:
    return viewer.window._qt_window


def _on_close(viewer: napari.Viewer, act: Callable[[], None]) -> None:
    """Call `act` when the window is gone or the program ends, whichever comes first."""
    _window(viewer).destroyed.connect(lambda *_: act())
    application = QCoreApplication.instance()
    if application is not None:
        application.aboutToQuit.connect(act)
