"""The SkinSeg dock: shows a resolved `AnnotateView` and calls the session."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, QTimer, Signal
from qtpy.QtWidgets import QCheckBox, QLabel, QSizePolicy, QVBoxLayout, QWidget
from superqt import QElidingLabel

from napari_skinseg.layers.overlays import BOXES, ERRORS
from napari_skinseg.widgets.brush_tools import BrushTools
from napari_skinseg.widgets.elements import (
    SnugScroll,
    button,
    horizontal_line,
    row_of,
    set_bold,
    wrapped_label,
)
from napari_skinseg.widgets.filter_line import FilterLine
from napari_skinseg.widgets.icons import theme_colour
from napari_skinseg.widgets.light_row import header_button, light_icon
from napari_skinseg.widgets.palette_table import PaletteTable
from napari_skinseg.widgets.photo_buttons import PhotoButtons
from napari_skinseg.widgets.queue_tab import queue_rows
from napari_skinseg.widgets.word_table import WordTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QKeyEvent, QResizeEvent

    from napari_skinseg.session.session import AnnotationSession
    from napari_skinseg.views.annotate import AnnotateView
    from trainer.project.queue.queue import QueueEntry

WIDTH = 296
LOW = 640
"""In a dock lower than this, pixels, all is set a little closer, so that nothing has to be scrolled."""
TAB_PADDING = 8
"""Of the buttons at the foot, pixels: napari's own would not let five stand in a row."""
OVERLAY_KEYS_AND_TIPS = {
    ERRORS: ("E", "Where the suggestion is likely wrong"),
    BOXES: ("X", "The regions that the model found, with the probability of each class"),
}
FOLLOW_TIP = (
    "After every stroke, what nobody has looked at yet is corrected where it looks alike and lies near. "
    "R does so once, and again takes it back (Shift+R switches)"
)
CLOCK_TIP = "Time on this photo until your hand moved last; pauses of over a minute are not counted"
LIGHT_TIP = "Brightness and contrast of the photo on the screen (Z: neutral)"
TABS = (
    ("Queue", "What comes next, and why", "queue"),
    ("Photos", "All photos, searched and filtered", "photos"),
    ("Review", "What is done, begun, flagged or cannot be read", "review"),
    ("History", "Earlier masks of this photo", "history"),
    ("Settings", "The window and the training", "settings"),
    ("?", "All keys", "keys"),
)
"""Label and tooltip of the buttons at the foot, the last at the head, and the tab that each asks for."""


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
        Something outside this dock is wanted: ``keys``, ``queue``, ``settings``, ``add``, ``photo`` (the
        keyboard back to the canvas).
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
        set_bold(self.title)
        self.clock.setToolTip(CLOCK_TIP)
        self.why, self.sentence = wrapped_label(), wrapped_label()
        for typed in (self.why, self.sentence):  # notes and names are what people typed, no markup
            typed.setTextFormat(Qt.TextFormat.PlainText)
        self.filter = FilterLine(session.choice.clear)
        self.next = button("Next photo", "Open the next photo of the queue (Space)", session.open_next)
        self.again = button(
            "Skipped photos", "Open what you skipped in this session, the oldest first", session.open_skipped
        )
        self.add = button("Add photos …", "Add a folder of photos", lambda: self.asked.emit("add"))
        self.light = header_button(LIGHT_TIP)
        self.light.setCheckable(True)
        self.classes = PaletteTable(theme=theme)
        self.tools = BrushTools(session, theme=theme)
        self.overlays = {
            name: _overlay_switch(name, *key_and_tip) for name, key_and_tip in OVERLAY_KEYS_AND_TIPS.items()
        }
        self.following = QCheckBox("follow my strokes")
        self.following.setToolTip(FOLLOW_TIP)
        self.following.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.buttons = PhotoButtons(session, theme=theme)
        self.progress = wrapped_label()
        self.progress.setToolTip("saved today · time for each · labelled of all photos")
        self.next_up = WordTable(("next up", "why"), stretch=1, fits=True)
        self.next_up.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.next_up.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.tab_buttons = {tab: button(text, tip, partial(self.asked.emit, tab)) for text, tip, tab in TABS}
        for shown in self.tab_buttons.values():
            shown.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            shown.setMinimumWidth(shown.fontMetrics().horizontalAdvance(shown.text()) + TAB_PADDING)
        self.trainer = button("Show the trainer", "Its dock is closed", partial(self.asked.emit, "trainer"))
        self.trainer.hide()
        self.light.setIcon(light_icon(theme_colour(theme, "icon"), "sun"))
        self._lines, self._low = [horizontal_line() for _ in range(3)], False
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(9, 6, 9, 6)
        layout.setSpacing(4)  # a window of 1100 × 700 must hold all of it
        *tabs, keys = self.tab_buttons.values()  # six in one row would be cut off
        keys.setMaximumHeight(self.title.sizeHint().height())
        keys.setStyleSheet("padding: 0px")
        layout.addLayout(row_of((self.title, 1), (self.clock, 0), (self.light, 0), (keys, 0)))
        layout.addWidget(self.why)
        layout.addWidget(self.sentence)
        layout.addWidget(self.filter)
        layout.addLayout(row_of((self.next, 1), (self.again, 1), (self.add, 1)))
        layout.addWidget(self._scrolled_part())
        layout.addWidget(self._lines[2])
        layout.addWidget(self.buttons)
        layout.addWidget(self.progress)
        layout.addWidget(self.next_up, 1000)
        layout.addStretch(1)
        layout.addLayout(row_of(*((shown, 0) for shown in tabs)))
        layout.addWidget(self.trainer)
        self.setMinimumWidth(WIDTH)

    def _scrolled_part(self) -> SnugScroll:
        """Palette and tools: what has a key besides may scroll, the decisions below it never do."""
        part = QWidget()
        layout = QVBoxLayout(part)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._lines[0])
        layout.addWidget(self.classes)
        layout.addWidget(self._lines[1])
        layout.addWidget(self.tools)
        switches = (self.following, *self.overlays.values())
        layout.addLayout(row_of(*((switch, 0) for switch in switches)))
        self._scrolled = SnugScroll(part)
        return self._scrolled

    def _connect(self) -> None:
        session = self.session
        self.classes.picked.connect(session.select_class)
        self.classes.seen.connect(session.set_visible)
        self.classes.locked.connect(session.set_locked)
        for name, switch in self.overlays.items():
            switch.clicked.connect(partial(session.show_overlay, name))
        self.following.clicked.connect(session.follow_every_stroke)
        self.light.toggled.connect(self._show_light)
        self.buttons.note_closed.connect(lambda: self.asked.emit("photo"))
        self.next_up.opened.connect(session.open_photo)
        session.note_requested.connect(self.buttons.ask_note)
        session.photo_changed.connect(self.buttons.close_note)  # it was for the photo before
        session.closed_by_escape.append(self.buttons.put_note_away)

    def _show_light(self, shown: bool) -> None:
        """Unfold brightness and contrast, in sight where the window is low."""
        self.tools.want_light(shown)
        if shown:
            QTimer.singleShot(0, partial(self._scrolled.ensureWidgetVisible, self.tools.light))

    def set_theme(self, theme: str) -> None:
        """Draw the icons for a napari theme."""
        self.buttons.set_theme(theme)
        self.classes.palette_model.set_theme(theme)
        self.tools.set_theme(theme)
        self.light.setIcon(light_icon(theme_colour(theme, "icon"), "sun"))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Qt: set all closer in a low window."""
        super().resizeEvent(event)
        if self._low != (low := self.height() < LOW):
            self._low = low
            self.classes.be_low(low)
            self.tools.be_low(low)
            self.buttons.be_low(low)
            for line in self._lines:
                line.setHidden(low)

    def sizeHint(self) -> QSize:
        """Qt: wide enough for the buttons, no wider."""
        return QSize(WIDTH, super().sizeHint().height())

    def show_view(self, view: AnnotateView) -> None:
        """Present a resolved state; write only what changed."""
        self._show_overlays(view)  # a click has changed them before the view knows
        if view == self.view:
            return
        self.view = view
        self.following.setChecked(view.following)
        self.following.setEnabled(view.working and view.writable)
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
        self.filter.show_words(view.filtered)
        offers = not view.working and view.writable
        self.next.setVisible(offers and not view.ended)
        self.again.setVisible(offers and view.ended and view.skipped > 0)
        self.add.setVisible(offers)
        self.classes.show_rows(view.rows)
        self.tools.follow(self.session.annotation_layer if view.working else None)
        self.tools.show_in_hand(self.session.selecting, view.tool_in_hand)
        self.buttons.enable(view.working and view.writable)

    def _show_overlays(self, view: AnnotateView) -> None:
        shown = {switch.name: switch.on for switch in view.overlays}
        for name, box in self.overlays.items():
            box.setVisible(name in shown)
            box.setChecked(shown.get(name, False))

    def show_queue(self, entries: Sequence[QueueEntry]) -> None:
        """Present the head of the queue in whatever height is left over."""
        self.next_up.show_rows(queue_rows(entries))
        self.next_up.setVisible(bool(entries))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Qt: Esc closes the note, all else goes on to napari."""
        escaped = event is not None and event.key() == Qt.Key.Key_Escape
        if not (escaped and self.buttons.put_note_away()):
            super().keyPressEvent(event)


def _overlay_switch(name: str, key: str, tip: str) -> QCheckBox:
    box = QCheckBox(name)
    box.setToolTip(f"{tip} ({key})")
    box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    box.hide()
    return box
