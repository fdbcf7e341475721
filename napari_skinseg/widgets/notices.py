"""Notices of session and trainer, as napari's notifications or in its status bar, never cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error, show_info, show_warning
from qtpy.QtCore import QEvent, QObject, QRect, Qt, QTimer

from napari_skinseg.layers.status_words import NOTICE_SECONDS
from napari_skinseg.widgets.elements import BREAK, BREAKABLE
from napari_skinseg.widgets.window_docks import main_window, photo_canvas

if TYPE_CHECKING:
    import napari

    from napari_skinseg.views.trainer import TrainerView

ACTIVITY = 130
"""Width of what stands on the right of napari's status bar, pixels."""
AROUND = 120
"""Width of icon, buttons and margins of a notification, pixels."""
MARGINS = 26
"""Height of its margins."""
FROM_EDGE, GAP = 8, 4
MS_A_LETTER = 60
"""A notification stays for so long for each of its letters, but never shorter than napari lets it."""
SHORT_NOTICE = 60
"""So many letters are read within the seconds that every notice in the status bar has."""
GOES = "skinseg-notice-goes"
"""Name of the timer that clears the status bar."""


def show_notice(viewer: napari.Viewer, level: str, text: str) -> None:
    """Show a notice where its level belongs.

    Parameters
    ----------
    level : str
        ``error``, ``warning`` and ``news`` become notifications; all else goes into the status bar, where
        that has room for it.
    """
    if level == "error":
        show_error(text)
    elif level == "warning":
        show_warning(text)
    elif level == "news" or not fits_status_bar(viewer, text):
        show_info(text)
    else:
        viewer.status = text
        _clear_later(viewer, text)


def _clear_later(viewer: napari.Viewer, text: str) -> None:
    """Clear a notice from the status bar when its time is over: napari waits for the mouse to move."""
    bar = main_window(viewer).statusBar()
    assert bar is not None
    for before in bar.findChildren(QTimer, GOES):  # what it would clear is not there any more
        before.stop()
        before.setParent(None)
        before.deleteLater()
    timer = QTimer(bar)
    timer.setObjectName(GOES)
    timer.setSingleShot(True)

    def clear() -> None:
        now: Any = viewer.status
        said = now.get("coordinates") if isinstance(now, dict) else now
        if said == text:
            viewer.status = ""

    timer.timeout.connect(clear)
    timer.start(round(1000 * NOTICE_SECONDS) + MS_A_LETTER * max(0, len(text) - SHORT_NOTICE))


def fits_status_bar(viewer: napari.Viewer, text: str) -> bool:
    """Tell whether napari's status bar, which cuts a line off, has room for one."""
    bar = main_window(viewer).statusBar()
    assert bar is not None
    room = bar.width() - ACTIVITY
    return not bar.isVisible() or bar.fontMetrics().horizontalAdvance(text) <= room


class WholeNotifications(QObject):
    """Unfolds napari's notifications as they come, and keeps them apart: folded they show half a line.

    Each goes when its time is over (napari lets only the newest go, and the others lie over the photo for
    good), and one that says the same as the newest goes at once.
    """

    def __init__(self, viewer: napari.Viewer) -> None:
        super().__init__()
        self._canvas = photo_canvas(viewer)
        self._canvas.installEventFilter(self)

    def close(self) -> None:
        """Leave them as napari makes them."""
        self._canvas.removeEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Qt: a notification is about to be shown."""
        if event is not None and event.type() == QEvent.Type.ChildPolished:
            child: Any = event.child()  # type: ignore[attr-defined]
            if is_notification(child):
                unfold(child, self._canvas.width())
                self._make_room(child)
        elif event is not None and event.type() == QEvent.Type.WindowActivate:
            QTimer.singleShot(0, self._let_go)  # somebody is back, and reads what came meanwhile
        return False

    def _make_room(self, newest: Any) -> None:
        """Move those that are there up: napari would lay the new one over them."""
        bottom = newest.y() - GAP
        QTimer.singleShot(0, self._let_go)  # napari is about to stop the time of the others
        for other in reversed(self._all()):
            if other is newest or other.isHidden():
                continue
            if other.message.text() == newest.message.text():
                other.hide()  # to close it would take the focus from whoever types a note
                continue
            other.geom_anim.stop()  # it may still slide in
            other.move(newest.x(), bottom - other.height())
            bottom -= other.height() + GAP

    def _all(self) -> list[Any]:
        return [child for child in self._canvas.children() if is_notification(child)]

    def _let_go(self) -> None:
        """Start the time of each that is not being read under the mouse."""
        looked_at = self._canvas.isActiveWindow()
        for one in self._all():
            if not one.timer.isSingleShot():  # napari sets no clock while nobody looks
                if not looked_at:
                    continue
                one.timer.setInterval(one.DISMISS_AFTER)
                one.timer.setSingleShot(True)
                one.timer.timeout.connect(one.close_with_fade)
            if not one.timer.isActive() and not one.underMouse():
                one.timer_start()


def is_notification(widget: Any) -> bool:
    """Tell napari's notifications, whose class is not public."""
    return hasattr(widget, "expand_button") and hasattr(widget, "geom_anim")


def unfold(notification: Any, room: int) -> None:
    """Let a notification show all of its text, in a canvas so many pixels wide."""
    text = BREAKABLE.sub(rf"\g<0>{BREAK}", notification.message.text())
    width = min(notification.MIN_WIDTH, room - 2 * FROM_EDGE)
    flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft
    lines = notification.message.fontMetrics().boundingRect(
        QRect(0, 0, max(1, width - AROUND), 0), int(flags), text
    )
    below = (
        notification.row2_widget.sizeHint().height()
        if notification.row2_widget.isVisibleTo(notification)
        else 0
    )
    notification.message.setMinimumSize(max(1, width - AROUND), lines.height())
    notification.message.setText(text)
    notification.expand_button.hide()
    notification.setFixedWidth(width)
    notification.setMinimumHeight(lines.height() + MARGINS + below)
    notification.resize(width, notification.minimumHeight())
    notification.move_to_bottom_right()
    notification.DISMISS_AFTER = max(notification.DISMISS_AFTER, MS_A_LETTER * len(text))


class TrainerDeathNotice:
    """A warning, once, when a trainer that was seen running has died."""

    def __init__(self) -> None:
        self._was_running = False

    def look(self, view: TrainerView | None) -> None:
        """Compare the trainer's state with the one seen before."""
        if view is not None:
            if self._was_running and view.died:
                show_warning(view.line)
            self._was_running = view.running
