"""Buttons of the loop: accept, save, skip, flag with a note, and back to the photo before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from napari_skinseg.widgets.elements import button, row_of
from napari_skinseg.widgets.icons import icon, key_cap, theme_colour

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtGui import QKeyEvent

    from napari_skinseg.session.session import AnnotationSession


class OneClick:
    """An action that a double click does once: the second click would leave a photo that nobody has seen."""

    def __init__(self, run: Callable[[], object]) -> None:
        self._run, self._clicked = run, float("-inf")

    def __call__(self) -> None:
        """Act, unless the last click was a moment ago."""
        before, self._clicked = self._clicked, time.monotonic()
        if self._clicked - before > QApplication.doubleClickInterval() / 1000:
            self._run()


class NoteLine(QLineEdit):
    """The line of a note; the key that opened it, still held, types nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._opened = False

    def open(self) -> None:
        """Show the line, with what was typed into it before."""
        self._opened = True
        self.show()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Qt: pass over repeats until something is typed."""
        if event is None or not (self._opened and event.isAutoRepeat()):
            self._opened = False
            super().keyPressEvent(event)


class PhotoButtons(QWidget):
    """Decisions on the open photo, each with its key, and a line for the note of a flag.

    Signals
    -------
    note_closed()
        The line is gone, and the keyboard free.
    """

    note_closed = Signal()

    def __init__(
        self, session: AnnotationSession, *, theme: str = "dark", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self.accept = button(
            "Accept and next   (Space)", "Accept the rest, save, next photo", OneClick(session.accept_by_hand)
        )
        self.be_low(False)
        self.save = button(
            "Save part", "Save what you painted and accepted, stay here (S)", session.save_part
        )
        self.skip = button("Skip", "Not now: on to another photo (K)", OneClick(session.skip))
        self.flag = button("Flag", "Set aside with a note for others (F)", self.ask_note)
        self.back = button("Back", "The photo before (B)", OneClick(session.back))
        self.note = NoteLine()
        self.note.setPlaceholderText("why? Enter flags it, Esc does not")
        self.note.hide()
        self.note.returnPressed.connect(self._flag)
        self.set_theme(theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.accept)
        row = row_of((self.save, 0), (self.skip, 0), (self.flag, 0), (self.back, 0))
        row.setSpacing(3)
        layout.addLayout(row)
        layout.addWidget(self.note)

    def set_theme(self, theme: str) -> None:
        """Draw the icons for a napari theme."""
        colour, session = theme_colour(theme, "icon"), self._session
        self.accept.setIcon(icon("check", colour))
        keys = {action: key for key, _, action in session.bindings()}
        for shown, action in (
            (self.save, session.save_part),
            (self.skip, session.skip),
            (self.flag, session.ask_for_note),
            (self.back, session.back),
        ):
            shown.setIcon(key_cap(keys[action], colour))

    def be_low(self, low: bool) -> None:
        """Take less room, in a low window."""
        self.accept.setMinimumHeight(28 if low else 34)

    def enable(self, writable_photo: bool) -> None:
        """Enable what changes a photo, or disable it; back is always possible."""
        for changing in (self.accept, self.save, self.skip, self.flag):
            changing.setEnabled(writable_photo)

    def ask_note(self) -> None:
        """Open the line for the note under the buttons; the photo stays in reach."""
        self.note.open()

    def put_note_away(self) -> bool:
        """Close the line, and keep for this photo what was typed; False where it is not open."""
        if self.note.isHidden():
            return False
        self.note.hide()
        kept = ": F brings your note back" if self.note.text().strip() else ""
        self._session.notice.emit("info", f"not flagged{kept}")
        self.note_closed.emit()
        return True

    def close_note(self) -> None:
        """Forget the note: it is written, or was for another photo."""
        self.note.clear()
        if not self.note.isHidden():
            self.note.hide()
            self.note_closed.emit()

    def _flag(self) -> None:
        note = self.note.text().strip()
        self.close_note()
        self._session.flag(note)
