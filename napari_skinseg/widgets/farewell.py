"""Last words of a closing window: whether the trainer goes on, shown for a moment where the window was."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QLabel, QMainWindow, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable

SHOWN_MS = 2500


class Farewell(QObject):
    """Shows a line when a window that is seen closes; the program ends behind it, not before.

    napari asks whether to close only once Qt has told everybody of it. The question comes first here: a
    window that stays is as it was.

    Parameters
    ----------
    window
        Owns this.
    words
        Asked at closing; an empty string shows nothing.
    """

    def __init__(self, window: QMainWindow, words: Callable[[], str]) -> None:
        super().__init__(window)
        self._words = words
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Qt: speak at the window's closing."""
        if event is None or event.type() != QEvent.Type.Close or not isinstance(watched, QMainWindow):
            return False
        if event.spontaneous():
            event.ignore()
            QTimer.singleShot(0, partial(ask_and_close, watched))
            return True
        words = self._words() if watched.isVisible() else ""
        if words:
            say(watched, words)
        return False


def ask_and_close(window: Any) -> None:
    """Close napari's window as its menu does: it asks first, where the preferences say so."""
    window.close(confirm_need=True)


def see_off(widget: QWidget, words: Callable[[], str]) -> None:
    """Have the window that a widget is in speak at its end; once for each window."""
    window = widget.window()
    if isinstance(window, QMainWindow) and window.findChild(Farewell) is None:
        Farewell(window, words)


def say(window: QMainWindow, words: str) -> QLabel:
    """Show a line over the middle of a window, for a moment, without taking the keyboard."""
    line = QLabel(words, None, Qt.WindowType.SplashScreen)
    line.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    line.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    line.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose)
    line.setMargin(18)
    line.adjustSize()
    line.move(window.geometry().center() - line.rect().center())
    line.show()
    QTimer.singleShot(SHOWN_MS, lambda: line.close())
    return line
