"""The workspace: one project in a napari window, its session, and the docks around the photo."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error, show_warning
from qtpy.QtCore import QEvent, QSize, QTimer
from qtpy.QtWidgets import QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from napari_skinseg.layers.mouse import TABLE as MOUSE
from napari_skinseg.session import projects
from napari_skinseg.session.session import AnnotationSession
from napari_skinseg.views.annotate import last_words
from napari_skinseg.views.trainer import resolve_trainer
from napari_skinseg.widgets.annotate_dock import WIDTH, AnnotateDock
from napari_skinseg.widgets.desk_layout import DeskLayout
from napari_skinseg.widgets.farewell import see_off
from napari_skinseg.widgets.key_help import KeyHelp
from napari_skinseg.widgets.notices import show_notice
from napari_skinseg.widgets.outline import draw_classes
from napari_skinseg.widgets.staged_drawing import StagedDrawing
from napari_skinseg.widgets.start_panel import StartPanel
from napari_skinseg.widgets.trainer_dock import TrainerDock
from napari_skinseg.widgets.window_docks import (
    call_on_close,
    focus_canvas,
    main_window,
    raise_dock,
    remove_dock,
    set_dock_width,
    shortcuts,
    show_tab,
)
from napari_skinseg.widgets.workspace_clock import WorkspaceClock
from napari_skinseg.widgets.workspace_tabs import WorkspaceTabs
from trainer.errors import SkinsegError
from trainer.service.process import start_trainer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import napari
    from qtpy.QtGui import QShortcut

    from trainer.project.project import Project

DOCK = "SkinSeg"


def open_workspace(
    viewer: napari.Viewer,
    path: str | Path | None = None,
    annotator: str | None = None,
    *,
    remembers: bool = True,
) -> WorkspaceDock:
    """Lay the SkinSeg docks out in a napari window.

    Parameters
    ----------
    viewer : napari.Viewer
        The window.
    path : str or Path, optional
        A project folder; without one the dock offers to open or make one.
    annotator : str, optional
        Name on what is saved; else napari's preference, else the login name.
    remembers : bool, optional
        Begin as the last window ended.

    Raises
    ------
    SkinsegError
        If the folder is not a project that can be opened, or the window shows another one already.
    """
    dock = next(workspace_docks(viewer), None)
    if dock is None:
        dock = WorkspaceDock(viewer, remembers=remembers)
        viewer.window.add_dock_widget(dock, name=DOCK, area="right")
    elif path is not None and dock.project is not None:
        raise _shown_already(dock, path)
    if path is not None:
        dock.open(path, annotator)
    return dock


def shown_project(viewer: napari.Viewer) -> Path | None:
    """Return the folder of the project that a window shows."""
    return next((dock.project.path for dock in workspace_docks(viewer) if dock.project is not None), None)


def show_project(viewer: napari.Viewer, path: Path) -> str:
    """Open a project in a window; returns why not, or an empty string."""
    try:
        open_workspace(viewer, path)
    except SkinsegError as error:
        return str(error)
    return ""


def show_first_photo(viewer: napari.Viewer, path: Path) -> str:
    """Show a photo where the window has none and its project, `path`, got some; returns an empty string."""
    for dock in workspace_docks(viewer):
        if dock.session is not None and shown_project(viewer) == path and dock.session.current is None:
            dock.session.open_next()
    return ""


class WorkspaceDock(QWidget):
    """The SkinSeg dock: a start panel, or the open project; owns session, clock and the other docks."""

    def __init__(self, napari_viewer: napari.Viewer, *, remembers: bool = True) -> None:
        super().__init__()
        self._remembers = remembers
        self.viewer = napari_viewer
        self.project: Project | None = None
        self.session: AnnotationSession | None = None
        self.annotate: AnnotateDock | None = None
        self.trainer: TrainerDock | None = None
        self.staged: StagedDrawing | None = None
        self.clock: WorkspaceClock | None = None
        self.keys: KeyHelp | None = None
        self.desk: DeskLayout | None = None
        self.shortcuts: list[QShortcut] = []
        self.tabs = WorkspaceTabs(napari_viewer)
        self.start = StartPanel(last=projects.last_project())
        self.start.opened.connect(self._try_open)
        self.start.new.connect(self._ask_for_project)
        self.start.remarked.connect(show_warning)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.stack)

    def sizeHint(self) -> QSize:
        """Qt: as wide as the annotate dock."""
        return QSize(WIDTH, super().sizeHint().height())

    # -- opening and closing ---------------------------------------------------------------------

    def open(self, path: str | Path, annotator: str | None = None) -> None:
        """Open a project and show its first photo.

        Raises
        ------
        SkinsegError
            If the folder is not a project that can be opened, or another dock of the window has one open.
        """
        others = (d for d in workspace_docks(self.viewer) if d is not self and d.project is not None)
        if other := next(others, None):
            raise _shown_already(other, path)
        self.dispose()
        annotator = annotator or projects.annotator_name()
        project = self.project = projects.open_project(Path(path))
        session = self.session = AnnotationSession(self.viewer, project, annotator)
        self.staged = StagedDrawing(self.viewer, session)
        draw_classes(self.viewer, session.annotation_layer, project)
        session.poll()  # a first photo is claimed while the docks are made
        self._add_docks(session, project)
        session.notice.connect(partial(show_notice, self.viewer))
        session.help_requested.connect(self._toggle_keys)
        anywhere = {"?": self._toggle_keys, "Ctrl+S": session.save_now}
        self.shortcuts = shortcuts(self.viewer, anywhere, {"Tab": session.next_proposal})
        self.viewer.events.theme.connect(self._set_theme)
        if projects.wants_trainer() and not project.read_only and not resolve_trainer(project).running:
            self.start_trainer()
        session.open_next()
        if self.clock is not None:
            self.clock.start()
        if self.desk is not None:
            QTimer.singleShot(0, self.desk.open_tabs)
        projects.remember(project.path)
        call_on_close(self.viewer, self.dispose)
        see_off(self, lambda: last_words(self.session))

    def _add_docks(self, session: AnnotationSession, project: Project) -> None:
        """Put the annotate dock in place of the start panel, and the trainer's below the photo."""
        theme = self.viewer.theme
        session.note_requested.connect(partial(raise_dock, self.viewer, self, DOCK, "right"))
        self.annotate = AnnotateDock(session, theme=theme)
        self.annotate.asked.connect(self.show_extra)
        self.stack.addWidget(self.annotate)
        self.stack.setCurrentWidget(self.annotate)
        self.trainer = TrainerDock(project, session.annotator, self.start_trainer, theme=theme)
        self.trainer.asked.connect(self.show_extra)
        self.trainer.seen.connect(self.annotate.trainer.setHidden)
        self.clock = WorkspaceClock(session, self.annotate, self.trainer, self.tabs)
        self.trainer.refresh(force=True)  # before the dock is made: it would keep the width of all buttons
        self.viewer.window.add_dock_widget(self.trainer, name="Trainer", area="bottom")
        self.fit_docks()
        self.desk = DeskLayout(self, self.viewer, session, self.trainer, self.tabs, self._remembers)
        session.layers_requested.connect(self.desk.toggle_layers)

    def fit_docks(self) -> None:
        """Give the docks their size, and the rest to the photo."""
        if self.trainer is not None:
            self.trainer.fit_dock()
        set_dock_width(self.viewer, self, WIDTH)

    def dispose(self) -> None:
        """Stop the clock, put unfinished work in safety, close session and project. Safe to call twice."""
        if self.project is None:
            return
        session, project, desk = self.session, self.project, self.desk
        self.session = self.project = self.staged = self.desk = None
        with suppress(RuntimeError):  # at its end the program may have deleted Qt's objects; work comes first
            if self.clock is not None:
                self.clock.stop()
            if desk is not None:
                desk.restore()
            self.viewer.events.theme.disconnect(self._set_theme)
        if session is not None:
            session.close()
        project.close()

    def event(self, event: QEvent | None) -> bool:
        """Qt: a dock closed for good takes its session and its other docks along."""
        orphaned = event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None
        if orphaned and self.session is not None:
            self.dispose()
            for shortcut in self.shortcuts:
                shortcut.deleteLater()
            remove_dock(self.viewer, self.trainer)
            self.tabs.close()
        return bool(super().event(event))

    def _set_theme(self, *_: object) -> None:
        if self.annotate is not None and self.trainer is not None:
            self.annotate.set_theme(self.viewer.theme)
            self.trainer.set_theme(self.viewer.theme)

    def start_trainer(self) -> None:
        """Start the background trainer of this project."""
        if self.project is None:
            return
        try:
            start_trainer(self.project.path)
            show_notice(self.viewer, "info", "the trainer is starting")
        except (SkinsegError, OSError) as error:
            show_error(f"the trainer did not start: {error}")

    def show_extra(self, name: str) -> None:
        """Open a tab (``queue``, ``review``, ``models`` …) or the key table, or add photos."""
        if self.session is None or self.project is None:
            return
        if name == "photo":
            focus_canvas(self.viewer)
        elif name == "keys":
            self._toggle_keys()
        elif name == "add":
            self._add_photos()
        elif name == "trainer" and self.trainer is not None:
            raise_dock(self.viewer, self.trainer, "Trainer", "bottom")
        else:
            self.tabs.show(name, self.session, self.project)

    def _toggle_keys(self) -> None:
        """Open the key table, or close it."""
        if self.keys is not None and self.keys.isVisible():
            self.keys.close()
        elif self.session is not None and not self.session.stroking:
            self.keys = KeyHelp(self.session.bindings(), MOUSE, parent=main_window(self.viewer))
            self.keys.show()

    def _try_open(self, path: str) -> None:
        try:
            self.open(path)
        except SkinsegError as error:
            self.start.say(str(error))

    def _add_photos(self) -> None:
        from napari_skinseg.widgets.forms.photo_forms import more_photos  # no first photo waits for forms

        if self.project is not None:
            path, shown = self.project.path, partial(show_first_photo, self.viewer)
            show_tab(self.viewer, f"Add photos ({DOCK})", lambda: more_photos(shown, path))

    def _ask_for_project(self) -> None:
        from napari_skinseg.widgets.forms.photo_forms import new_project

        viewer = self.viewer
        show_tab(viewer, f"New project ({DOCK})", lambda: new_project(partial(show_project, viewer)))


def workspace_docks(viewer: napari.Viewer) -> Iterator[WorkspaceDock]:
    """Return every SkinSeg dock of a window, opened by the menu or by `open_workspace`."""
    return (dock for dock in viewer.window.dock_widgets.values() if isinstance(dock, WorkspaceDock))


def _shown_already(dock: WorkspaceDock, path: str | Path) -> SkinsegError:
    shown = dock.project.path if dock.project else "another project"
    return SkinsegError(
        f"this window shows {shown}: close its dock {DOCK} first, or open {path} in another window"
    )
