"""Docks in a napari window: add, raise, remove and size them; the end of the window."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from napari.settings import get_settings
from qtpy.QtCore import QCoreApplication, QSize, Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QDockWidget, QMainWindow, QTabBar, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import napari
    from magicgui.widgets import Widget
    from qtpy.QtGui import QAction

    Action = Callable[[], object]

FIRST_SIZE = (1440, 900)
"""Of a window without a size of a time before, pixels."""


def main_window(viewer: napari.Viewer) -> QMainWindow:
    """Return the Qt window of a viewer, for which napari has no public name."""
    window: QMainWindow = viewer.window._qt_window
    return window


def layer_docks(viewer: napari.Viewer) -> tuple[QDockWidget, QDockWidget]:
    """Return napari's docks of layer controls and layer list, for which it has no public name."""
    qt_viewer = viewer.window._qt_viewer
    return qt_viewer.dockLayerControls, qt_viewer.dockLayerList


def photo_canvas(viewer: napari.Viewer) -> QWidget:
    """Return what the photo is drawn on, and napari's notifications come over."""
    canvas: QWidget = viewer.window._qt_viewer.canvas.native
    return canvas


def raise_dock(viewer: napari.Viewer, widget: QWidget, name: str, area: str) -> None:
    """Show a widget in front of the docks of its area, in a dock of its own.

    Parameters
    ----------
    name : str
        Title of a dock that has to be made first.
    area : str
        Its place, as napari names it: ``bottom``, ``right``.
    """
    if widget.parent() is None:
        viewer.window.add_dock_widget(widget, name=name, area=area, tabify=True)
    dock = widget.parentWidget()
    assert dock is not None
    dock.show()
    dock.raise_()
    for tabs in main_window(viewer).findChildren(QTabBar):
        if tabs.parent() is main_window(viewer):  # Qt would cut every title to a letter before it scrolls
            tabs.setElideMode(Qt.TextElideMode.ElideNone)
            tabs.setUsesScrollButtons(True)


def show_tab(viewer: napari.Viewer, name: str, build: Callable[[], Widget]) -> None:
    """Show the dock of this name among those on the right, with what `build` makes where there is none."""
    if name not in viewer.window.dock_widgets:
        viewer.window.add_dock_widget(build(), name=name, area="right", tabify=True)
    dock = viewer.window.dock_widgets[name].native.parent()
    dock.show()
    dock.raise_()


def remove_dock(viewer: napari.Viewer, widget: QWidget | None) -> None:
    """Take a widget and its dock out of the window for good; does nothing where there is no dock."""
    if widget is not None and widget.parent() is not None:
        viewer.window.remove_dock_widget(widget)
        widget.deleteLater()


def set_dock_width(viewer: napari.Viewer, widget: QWidget, width: int) -> None:
    """Give the dock around a widget a width in pixels."""
    dock = widget.parent()
    if isinstance(dock, QDockWidget):
        main_window(viewer).resizeDocks([dock], [width], Qt.Orientation.Horizontal)


def focus_canvas(viewer: napari.Viewer) -> None:
    """Give the keyboard back to the photo."""
    canvas = main_window(viewer).centralWidget()
    assert canvas is not None
    canvas.setFocus()


def shortcuts(
    viewer: napari.Viewer,
    anywhere: Mapping[str, Callable[[], object]],
    on_photo: Mapping[str, Callable[[], object]],
) -> list[QShortcut]:
    """Bind keys that napari cannot bind, or that Qt would take to move the focus.

    Parameters
    ----------
    viewer
        Of the window.
    anywhere
        Keys that work wherever the focus is in the window, also where napari's File menu has them.
    on_photo
        Keys that work where the photo has it.
    """
    window = main_window(viewer)
    made = []
    for parent, keys in ((window, anywhere), (window.centralWidget(), on_photo)):
        for key, run in keys.items():
            shortcut = QShortcut(QKeySequence(key), parent)
            if parent is window:
                _lend(viewer, shortcut)
            else:
                shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(run)
            made.append(shortcut)
    return made


def _lend(viewer: napari.Viewer, shortcut: QShortcut) -> None:
    """Take a key from napari's File menu for as long as a shortcut of ours lives: Qt would do neither."""
    for action in viewer.window.file_menu.actions():
        if action.shortcut() == shortcut.key():
            action.setShortcut(QKeySequence())
            shortcut.destroyed.connect(partial(_give_back, action, shortcut.key()))


def _give_back(action: QAction, key: QKeySequence, *_: object) -> None:
    with suppress(RuntimeError):  # the window goes, and Qt has deleted its menu
        action.setShortcut(key)


def fit_first_window(viewer: napari.Viewer) -> None:
    """Give the very first window of this user a good size; of later ones napari keeps the size itself."""
    window, screen = main_window(viewer), main_window(viewer).screen()
    if get_settings().application.window_size is None and screen is not None:
        window.resize(QSize(*FIRST_SIZE).boundedTo(screen.availableGeometry().size() * 0.95))


def call_on_close(viewer: napari.Viewer, action: Callable[[], None]) -> None:
    """Call `action` when the window is gone or the program ends, whichever comes first."""
    main_window(viewer).destroyed.connect(lambda *_: action())
    application = QCoreApplication.instance()
    if application is not None:
        application.aboutToQuit.connect(action)
