"""Buttons of the loop: accept, save, skip, flag with a note, and back to the photo before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from napari_skinseg.widgets.elements import button, row_of
from napari_skinseg.widgets.icons import icon, key_cap, theme_colour

if TYPE_CHECKING:
    from napari_skinseg.session.session import AnnotationSession


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
            "Accept and next   (Space)", "Accept the rest, save, next photo", session.accept_by_hand
        )
        self.accept.setMinimumHeight(40)
        self.save = button(
            "Save part", "Save what you painted and accepted, stay here (S)", session.save_part
        )
        self.skip = button("Skip", "Not now: on to another photo (K)", session.skip)
        self.flag = button("Flag", "Set aside with a note for others (F)", self.ask_note)
        self.back = button("Back", "The photo before (B)", session.back)
        self.note = QLineEdit()
        self.note.setPlaceholderText("why? Enter flags it, Esc does not")
        self.note.hide()
        self.note.returnPressed.connect(self._flag)
        self.set_theme(theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.accept)
        layout.addLayout(row_of((self.save, 3), (self.skip, 2), (self.flag, 2), (self.back, 2)))
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

    def enable(self, writable_photo: bool) -> None:
        """Enable what changes a photo, or disable it; back is always possible."""
        for changing in (self.accept, self.save, self.skip, self.flag):
            changing.setEnabled(writable_photo)

    def ask_note(self) -> None:
        """Open the line for the note under the buttons; the photo stays in reach."""
        self.note.setVisible(True)
        self.note.setFocus()

    def close_note(self) -> bool:
        """Forget the note that is being written; False where there is none."""
        if self.note.isHidden():
            return False
        self.note.clear()
        self.note.hide()
        self.note_closed.emit()
        return True

    def _flag(self) -> None:
        note = self.note.text().strip()
        self.close_note()
        self._session.flag(note)
