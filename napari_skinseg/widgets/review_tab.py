"""Review as a tab: what is done, begun, set aside with a note, or cannot be read. A double click opens it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from napari_skinseg.session.session import AnnotationSession
from napari_skinseg.widgets.word_table import WordTable
from trainer.project.review import REVIEWED

if TYPE_CHECKING:
    from trainer.project.review import ReviewEntry

SHOWN = 200
WORDS = {"labelled": "done", "part": "begun", "flagged": "flagged", "broken": "cannot be read"}
NOTHING = {
    "labelled": "No photo is done yet.",
    "part": "No photo has been saved in part.",
    "flagged": "No photo is flagged.",
    "broken": "Every photo that was opened could be read.",
}


class ReviewTab(QWidget):
    """Photos that somebody has had in hand, by what became of them."""

    def __init__(self, session: AnnotationSession, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.of = QComboBox()
        for state in REVIEWED:
            self.of.addItem(WORDS[state], state)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.table = WordTable(("photo", "what"), stretch=1)
        self.table.opened.connect(session.open_photo)
        self.of.activated.connect(lambda _: self.refresh())
        layout = QVBoxLayout(self)
        layout.addWidget(self.of)
        layout.addWidget(self.words)
        layout.addWidget(self.table, 1)
        self.refresh()

    def refresh(self) -> None:
        """Read the list again; it appears as soon as it is there."""
        state = self.of.currentData()
        self.session.review(state, SHOWN, lambda entries: self._show(state, entries))

    def _show(self, state: str, entries: list[ReviewEntry]) -> None:
        if state != self.of.currentData():
            return
        newest = f"The newest {SHOWN}; double" if len(entries) == SHOWN else "Double"
        self.words.setText(f"{newest} click opens a photo again." if entries else NOTHING[state])
        self.table.setVisible(bool(entries))
        self.table.show_rows(review_rows(entries))


def review_rows(entries: Sequence[ReviewEntry]) -> list[tuple[int, tuple[str, str]]]:
    """Rows of a table: photo id; file name, and note, reason or who saved it when."""
    return [(entry.photo_id, (PurePosixPath(entry.relpath).name, what(entry))) for entry in entries]


def what(entry: ReviewEntry) -> str:
    """What became of a photo."""
    if entry.state in ("flagged", "broken"):
        return entry.reason or "no note"
    if entry.saved is None:
        return ""
    saved = datetime.fromtimestamp(entry.saved)
    today = saved.date() == datetime.now().date()
    return f"{saved:%H:%M}  {entry.annotator}" if today else f"{saved:%d %b}  {entry.annotator}"
