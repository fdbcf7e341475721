"""The desk of an open project: napari's own docks folded away, the photo fitted, all as it was last time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QTimer

from napari_skinseg.session.remembered import Desk, read_desk, write_desk
from napari_skinseg.widgets.digit_row import digits_of_row
from napari_skinseg.widgets.minimap import Minimap
from napari_skinseg.widgets.notices import WholeNotifications
from napari_skinseg.widgets.window_docks import layer_docks, main_window, raise_dock

if TYPE_CHECKING:
    from collections.abc import Sequence

    import napari
    from qtpy.QtWidgets import QDockWidget, QWidget

    from napari_skinseg.session.session import AnnotationSession
    from napari_skinseg.widgets.trainer_dock import TrainerDock
    from napari_skinseg.widgets.workspace_tabs import WorkspaceTabs

REFIT_MS = 60
"""After the last change of the window's size."""


class DeskLayout(QObject):
    """Folds napari's layer list and controls away, refits the photo, and remembers what was set up.

    Parameters
    ----------
    dock
        The dock of the open photo.
    viewer, session, trainer, tabs
        Of the window.
    remembers
        Begin as the last window ended, and keep for the next how this one ends.
    """

    def __init__(
        self,
        dock: QWidget,
        viewer: napari.Viewer,
        session: AnnotationSession,
        trainer: TrainerDock,
        tabs: WorkspaceTabs,
        remembers: bool = True,
    ) -> None:
        super().__init__()  # a parent would keep it, and the viewer, alive
        self._dock, self._viewer, self._session = dock, viewer, session
        self._trainer, self._tabs = trainer, tabs
        self._remembers = remembers
        self._before = read_desk() if remembers else Desk()
        self._shown_before = [(layer_dock, not layer_dock.isHidden()) for layer_dock in self._layer_docks()]
        self.show_layers(self._before.layers)
        self._session.resume(self._before.class_name, self._last_brush())
        if self._before.curves:
            self._trainer.set_folded(False)
        self._refit = QTimer(self)
        self._refit.setSingleShot(True)
        self._refit.setInterval(REFIT_MS)
        self._refit.timeout.connect(self._fit)
        self._window, self._canvas = main_window(viewer), main_window(viewer).centralWidget()
        self._watched = [self._window, *filter(None, [self._canvas])]
        for watched in self._watched:
            watched.installEventFilter(self)
        assert self._canvas is not None
        self._digits = digits_of_row(viewer)
        self.map = Minimap(viewer, session, self._canvas)
        self.map.switch(self._before.map)
        session.map_requested.connect(self.map.toggle)
        self.notifications = WholeNotifications(viewer)

    def open_tabs(self) -> None:
        """Open the tabs that were open last time, and bring those to the front that were there."""
        before, session = self._before, self._session
        if not before.tabs or not self._watched:
            return
        for name in (*before.tabs, *before.front):
            self._tabs.try_show(name, session, session.project)
        if not any(name != "models" for name in before.front):
            raise_dock(self._viewer, self._dock, "SkinSeg", "right")
        if "models" in before.tabs and "models" not in before.front:
            raise_dock(self._viewer, self._trainer, "Trainer", "bottom")

    def show_layers(self, shown: bool) -> None:
        """Unfold napari's layer list and controls, or fold them away."""
        for layer_dock in self._layer_docks():
            layer_dock.setVisible(shown)

    def toggle_layers(self) -> None:
        """Unfold napari's layer list and controls where any is folded, else fold them away."""
        self.show_layers(any(layer_dock.isHidden() for layer_dock in self._layer_docks()))

    def remember(self) -> None:
        """Keep the desk as it is for the next window."""
        if not self._remembers:
            return
        session, tabs = self._session, self._tabs
        names = session.project.classes.names
        write_desk(
            Desk(
                tabs=tuple(name for name, tab in tabs.items() if tab.parent() is not None),
                front=tuple(name for name, tab in tabs.items() if in_sight(tab)),
                curves=not self._trainer.folded,
                layers=not any(layer_dock.isHidden() for layer_dock in self._layer_docks()),
                brush=session.brush_size,
                brush_setting=session.project.settings.window.brush_size,
                class_name=names[session.selected_class - 1] if session.selected_class else "",
                map=self.map.wanted,
            )
        )

    def restore(self) -> None:
        """Give napari its docks back as they were, and follow the window no longer. Safe to call twice."""
        if self._watched:
            self._session.map_requested.disconnect(self.map.toggle)
            self.map.close_map()
            self._digits.deleteLater()
            self.notifications.close()
        while self._watched:
            self._watched.pop().removeEventFilter(self)
        while self._shown_before:
            layer_dock, shown = self._shown_before.pop()
            layer_dock.setVisible(shown)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Qt: refit the photo to a canvas of another size; remember the desk when the window closes."""
        kind = None if event is None else event.type()
        if kind == QEvent.Type.Resize and watched is self._canvas:
            self._refit.start()
        elif kind == QEvent.Type.Close and watched is self._window:
            self._close(event)
        return False

    def _close(self, event: QEvent | None) -> None:
        """Remember and restore, unless napari asks first whether to close."""
        if event is None or not event.spontaneous():
            self.remember()
            self.restore()  # before napari writes its window's state

    def _fit(self) -> None:
        if self._watched and self._session.stroking:  # it would go on at another place
            self._refit.start()
        elif self._watched:
            self._session.refit()

    def _last_brush(self) -> int:
        same = self._before.brush_setting == self._session.project.settings.window.brush_size
        return self._before.brush if same else 0

    def _layer_docks(self) -> Sequence[QDockWidget]:
        return layer_docks(self._viewer)


def in_sight(widget: QWidget) -> bool:
    """Tell whether a widget is in front: Qt calls one behind another tab visible."""
    return widget.isVisible() and not widget.visibleRegion().isEmpty()
