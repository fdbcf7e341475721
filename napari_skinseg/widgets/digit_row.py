"""Row of digits on boards where it says signs, and digits with Shift: the bare key is the digit there too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QCoreApplication, QEvent, QObject, Qt
from qtpy.QtGui import QGuiApplication, QKeyEvent

from napari_skinseg.widgets.window_docks import main_window

if TYPE_CHECKING:
    import napari

FIRST_KEY = {"xcb": 10, "wayland": 10, "windows": 2}
"""Number that a platform gives the key of the 1; the other nine follow it, the 0 last."""
DIGITS = range(Qt.Key.Key_0, Qt.Key.Key_9 + 1)
LEFT_ALONE = frozenset({*DIGITS, Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight})
"""What such a key may say by itself: a digit, or another key of the photo."""
BARE = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.AltModifier)


def digit_of(platform: str, scan_code: int, key: int) -> int | None:
    """Return the digit on a key of the row of digits; None where it says one, or is another key."""
    first = FIRST_KEY.get(platform)
    if first is None or key in LEFT_ALONE or not first <= scan_code < first + 10:
        return None
    return (scan_code - first + 1) % 10


class DigitRow(QObject):
    """Makes digits of the bare keys of the row of digits, on a French board as on an English one.

    Parameters
    ----------
    photo
        Widgets that have the keyboard while a photo is worked on; the first owns this.
    """

    def __init__(self, *photo: QObject) -> None:
        super().__init__(photo[0])
        for watched in photo:
            watched.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Qt: send the digit in place of the sign."""
        if not isinstance(event, QKeyEvent) or event.type() == QEvent.Type.ShortcutOverride:
            return False
        if event.modifiers() not in BARE or watched is None:
            return False
        digit = digit_of(QGuiApplication.platformName(), event.nativeScanCode(), event.key())
        if digit is None:
            return False
        key, again = Qt.Key.Key_0 + digit, event.isAutoRepeat()
        QCoreApplication.sendEvent(
            watched, QKeyEvent(event.type(), key, event.modifiers(), str(digit), again, event.count())
        )
        return True


def digits_of_row(viewer: napari.Viewer) -> DigitRow:
    """Make digits of the bare keys of the row where a viewer's photo has the keyboard."""
    whole: Any = viewer.window._qt_viewer  # napari has no public way to it
    window = main_window(viewer)
    return DigitRow(window, *filter(None, [window.centralWidget()]), whole, whole.canvas.native)
