"""One line that says what the queue is filtered for, and the button that clears it; and the filter itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt, QTimer, Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QWidget
from superqt import QElidingLabel

from napari_skinseg.widgets.elements import button, choice
from trainer.project.queue.queue_filter import EVERYTHING, QueueFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TYPING_MS = 300
"""Pause in typing after which what was typed counts."""
CLEAR_TIP = "Let all photos come again"


class FilterLine(QWidget):
    """Hidden where nothing is filtered for."""

    def __init__(self, clear: Callable[[], object]) -> None:
        super().__init__()
        self.words = QElidingLabel()
        self.words.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.clear = button("Clear", CLEAR_TIP, clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.words, 1)
        row.addWidget(self.clear)
        self.hide()

    def show_words(self, words: str) -> None:
        """Say what is filtered for; empty: nothing."""
        said = f"Filter: {words}"
        if said != self.words.text():
            self.words.setText(said)
            self.words.setToolTip(f"{said}. Photos to compare models come whatever it says")
        self.setVisible(bool(words))


class FilterFields(QWidget):
    """Fields for name, group, class and suggestion.

    Signals
    -------
    changed(object)
        The `QueueFilter` that they ask for now.
    """

    changed = Signal(object)

    def __init__(self, classes: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._told = EVERYTHING
        self.text, self.group = search_line("Part of a name"), search_line("Part of a group")
        self.classes = choice("any class", ((name, index) for index, name in enumerate(classes)))
        self.classes.setToolTip("Photos on which a model has seen this class")
        self.suggested = choice("any photo", (("with a suggestion", True), ("without a suggestion", False)))
        pause = QTimer(self)
        pause.setSingleShot(True)
        pause.timeout.connect(self._tell)
        for line in (self.text, self.group):
            line.textEdited.connect(lambda _: pause.start(TYPING_MS))
        for box in (self.classes, self.suggested):
            box.activated.connect(lambda _: self._tell())
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for place, field in enumerate((self.text, self.group, self.classes, self.suggested)):
            grid.addWidget(field, place // 2, place % 2)

    @property
    def wanted(self) -> QueueFilter:
        """What is asked for now."""
        return QueueFilter(
            text=self.text.text().strip(),
            group=self.group.text().strip() or None,
            class_index=self.classes.currentData(),
            suggested=self.suggested.currentData(),
        )

    def show_filter(self, wanted: QueueFilter) -> None:
        """Show a filter that was set or cleared elsewhere; what somebody types here stays."""
        if wanted == self._told:
            return
        self._told = wanted
        with QSignalBlocker(self):
            self.text.setText(wanted.text)
            self.group.setText(wanted.group or "")
            self.classes.setCurrentIndex(self.classes.findData(wanted.class_index))
            self.suggested.setCurrentIndex(self.suggested.findData(wanted.suggested))

    def _tell(self) -> None:
        self._told = self.wanted
        self.changed.emit(self._told)


def search_line(hint: str) -> QLineEdit:
    """Make a line to type in what is searched for."""
    line = QLineEdit()
    line.setPlaceholderText(hint)
    line.setClearButtonEnabled(True)
    return line
