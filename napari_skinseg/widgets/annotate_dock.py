"""The SkinSeg dock: the hand's work. Shows a resolved `AnnotateView` and calls the session."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_skinseg.layers.overlays import BOXES, ERRORS
from napari_skinseg.session.session import AnnotationSession
from napari_skinseg.views.annotate import AnnotateView
from napari_skinseg.widgets.brush_tools import BrushTools
from napari_skinseg.widgets.icons import icon, key_cap, theme_colour
from napari_skinseg.widgets.palette_table import PaletteTable
from napari_skinseg.widgets.queue_tab import queue_rows
from napari_skinseg.widgets.word_table import WordTable

if TYPE_CHECKING:
    from trainer.project.queue import QueueEntry

WIDTH = 296
OVERLAYS = {
    ERRORS: ("E", "Where the discriminator believes the suggestion wrong"),
    BOXES: ("X", "The regions that the model found, with the probability of each class"),
}


class AnnotateDock(QWidget):
    """Photo, palette, tools and the keys of the loop as buttons.

    Parameters
    ----------
    session : AnnotationSession
        Receives every click.
    theme : str, optional
        napari theme for icons and the selected row.

    Signals
    -------
    asked(str)
        The person wants something outside this dock: ``keys``, ``queue``, ``settings``, ``add``, ``photo``
        (to get the keyboard back to the canvas).
    """

    asked = Signal(str)

    def __init__(
        self, session: AnnotationSession, *, theme: str = "dark", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.view: AnnotateView | None = None
        self.title, self.clock = QElidingLabel(), QLabel()
        self.title.setElideMode(Qt.TextElideMode.ElideMiddle)
        bold = self.title.font()
        bold.setBold(True)
        self.title.setFont(bold)
        self.why, self.sentence = _words(), _words()
        self.next = _button("Next photo", "Open the next photo of the queue (Space)", session.open_next)
        self.add = _button("Add photos …", "Add a folder of photos", lambda: self.asked.emit("add"))
        self.classes = PaletteTable(theme=theme)
        self.tools = BrushTools(theme=theme)
        self.overlays = {name: _switch(name, *words) for name, words in OVERLAYS.items()}
        self.accept = _button(
            "Accept and next   (Space)", "Accept the rest, save, next photo", session.accept_and_next
        )
        self.accept.setMinimumHeight(40)
        self.save = _button(
            "Save part", "Save what you painted and accepted, stay here (S)", session.save_part
        )
        self.skip = _button("Skip", "Not now: on to another photo (K)", session.skip)
        self.flag = _button("Flag", "Set aside with a note for others (F)", self.ask_note)
        self.back = _button("Back", "The photo before (B)", session.back)
        self._draw_icons(theme)
        self.note = QLineEdit()
        self.note.setPlaceholderText("why? Enter flags it, Esc does not")
        self.note.hide()
        self.next_up = WordTable(("next up", "why"), stretch=1, fits=True)
        self.next_up.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.next_up.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.next_up.opened.connect(session.open_photo)
        self.progress = _words()
        self.progress.setToolTip("saved today · time for each · labelled of all photos")
        self.clock.setToolTip("time on this photo")

        layout = QVBoxLayout(self)
        layout.setContentsMargins(9, 6, 9, 6)
        layout.setSpacing(6)
        layout.addLayout(_row((self.title, 1), (self.clock, 0)))
        layout.addWidget(self.why)
        layout.addWidget(self.sentence)
        layout.addLayout(_row((self.next, 1), (self.add, 1)))
        for widget in (_line(), self.classes, _line()):
            layout.addWidget(widget)
        layout.addWidget(self.tools)
        layout.addLayout(_row(*((box, 0) for box in self.overlays.values())))
        layout.addWidget(_line())
        layout.addWidget(self.accept)
        layout.addLayout(_row((self.save, 3), *((button, 2) for button in (self.skip, self.flag, self.back))))
        layout.addWidget(self.note)
        layout.addWidget(self.progress)
        layout.addWidget(self.next_up, 1000)
        layout.addStretch(1)
        layout.addLayout(self._more())
        self.setMinimumWidth(WIDTH)

        self.classes.picked.connect(session.select_class)
        self.classes.seen.connect(session.set_visible)
        self.classes.locked.connect(session.set_locked)
        self.note.returnPressed.connect(self._flag)
        for name, box in self.overlays.items():
            box.clicked.connect(partial(session.show_overlay, name))
        session.note_requested.connect(self.ask_note)

    def _more(self) -> Any:
        grid = QGridLayout()
        for column, (text, tip, wish) in enumerate(
            (
                ("Queue", "What comes next, and why", "queue"),
                ("Review", "What is done, begun, flagged or cannot be read", "review"),
                ("Settings", "The window and the training", "settings"),
                ("Trainer", "Show the trainer below", "trainer"),
                ("?", "All keys", "keys"),
            )
        ):
            grid.addWidget(_button(text, tip, lambda wish=wish: self.asked.emit(wish)), 0, column)
        return grid

    def _draw_icons(self, theme: str) -> None:
        colour, session = theme_colour(theme, "icon"), self.session
        self.accept.setIcon(icon("check", colour))
        keys = {does: key for key, _, does in session.bindings()}
        self.save.setIcon(key_cap(keys[session.save_part], colour))
        self.skip.setIcon(key_cap(keys[session.skip], colour))
        self.flag.setIcon(key_cap(keys[session.ask_for_note], colour))
        self.back.setIcon(key_cap(keys[session.back], colour))

    def set_theme(self, theme: str) -> None:
        """Draw the icons anew for a napari theme."""
        self._draw_icons(theme)
        self.classes.palette_model.set_theme(theme)
        self.tools.set_theme(theme)

    def sizeHint(self) -> QSize:
        """Qt: wide enough for the buttons, no wider."""
        return QSize(WIDTH, super().sizeHint().height())

    def show_view(self, view: AnnotateView) -> None:
        """Present a resolved state; writes only what changed."""
        self._show_overlays(view)  # a click has changed them before the view knows
        if view == self.view:
            return
        self.view = view
        self.title.setText(view.title)
        self.title.setToolTip(view.title)
        for label, text in (
            (self.clock, view.clock),
            (self.why, view.why),
            (self.sentence, view.sentence),
            (self.progress, view.progress),
        ):
            label.setText(text)
            label.setVisible(bool(text))
        for button in (self.next, self.add):
            button.setVisible(not view.working and view.writable)
        self.classes.show_rows(view.rows)
        self.tools.follow(self.session.annotation_layer if view.working else None)
        for button in (self.accept, self.save, self.skip, self.flag):
            button.setEnabled(view.working and view.writable)

    def _show_overlays(self, view: AnnotateView) -> None:
        shown = {switch.name: switch.on for switch in view.overlays}
        for name, box in self.overlays.items():
            box.setVisible(name in shown)
            box.setChecked(shown.get(name, False))

    def show_queue(self, entries: Sequence[QueueEntry]) -> None:
        """Present the head of the queue in whatever height is left over."""
        self.next_up.show_rows(queue_rows(entries))
        self.next_up.setVisible(bool(entries))

    def ask_note(self) -> None:
        """Open the line for the note under the buttons; the photo stays in reach."""
        self.note.setVisible(True)
        self.note.setFocus()

    def _flag(self) -> None:
        note = self.note.text().strip()
        self._close_note()
        self.session.flag(note)

    def _close_note(self) -> None:
        self.note.clear()
        self.note.hide()
        self.asked.emit("photo")

    def keyPressEvent(self, event: Any) -> None:
        """Qt: Esc closes the note, all else goes on to napari."""
        if event.key() == Qt.Key.Key_Escape and not self.note.isHidden():
            self._close_note()
        else:
            super().keyPressEvent(event)


def _button(text: str, tip: str, action: Any) -> Any:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Space must reach the canvas, not the last button
    button.clicked.connect(lambda: action())
    return button


def _switch(name: str, key: str, tip: str) -> Any:
    box = QCheckBox(name)
    box.setToolTip(f"{tip} ({key})")
    box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    box.hide()
    return box


def _words() -> Any:
    label = QLabel()
    label.setWordWrap(True)
    return label


def _line() -> Any:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    return line


def _row(*widgets: tuple[Any, int]) -> Any:
    row = QHBoxLayout()
    for widget, stretch in widgets:
        row.addWidget(widget, stretch)
    return row
