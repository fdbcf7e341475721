"""Review as a tab: photos that are done, begun, flagged or cannot be read. A double click opens one."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QPlainTextEdit, QVBoxLayout, QWidget

from napari_skinseg.widgets.elements import LEAST_ROOM, wrapped_label
from napari_skinseg.widgets.row_pictures import RowPictures
from napari_skinseg.widgets.suggestion_grid import SuggestionGrid
from napari_skinseg.widgets.verdict_panel import VerdictPanel
from napari_skinseg.widgets.word_table import WordTable
from trainer.project.review.review import REVIEWED
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_skinseg.session.session import AnnotationSession
    from trainer.project.review.review import ReviewEntry

SHOWN = 200
GOOD = "good suggestions"
"""Name of the grid among the states."""
STATE_TITLES = {
    PhotoState.LABELLED: "done",
    PhotoState.PART: "begun",
    PhotoState.FLAGGED: "flagged",
    PhotoState.BROKEN: "cannot be read",
}
EMPTY_NOTICES = {
    PhotoState.LABELLED: "No photo is done yet.",
    PhotoState.PART: "No photo has been saved in part.",
    PhotoState.FLAGGED: "No photo is flagged.",
    PhotoState.BROKEN: "Every photo that was opened could be read.",
}


class ReviewTab(QWidget):
    """Photos that have been worked on, by their state."""

    def __init__(self, session: AnnotationSession, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.states = QComboBox()
        for state in REVIEWED:
            self.states.addItem(STATE_TITLES[state], state)
        self.grid = SuggestionGrid(session)
        self.grid.hide()
        if not session.project.read_only:
            self.states.addItem(GOOD, None)
        self.notice = wrapped_label()
        self.table = WordTable(("photo", "what"), stretch=1)
        self.table.opened.connect(session.open_photo)
        self.pictures = RowPictures(self.table, session)
        self.states.activated.connect(lambda _: self._choose())
        layout = QVBoxLayout(self)
        self.verdicts = VerdictPanel(session) if session.reviewing.is_reviewer else None
        self.note = QPlainTextEdit()
        self.note.setReadOnly(True)
        session.photo_changed.connect(self._show_note)
        self.lists = QWidget()
        if self.verdicts is not None:
            layout.addWidget(self.verdicts, 2)
            self.table.wanted_height = LEAST_ROOM  # what waits for a verdict comes first
            self.verdicts.beside.compares.connect(self.lists.setHidden)
        else:
            layout.addWidget(self.note)
        self._show_note()
        layout.addWidget(self.lists, 1)
        lists = QVBoxLayout(self.lists)
        lists.setContentsMargins(0, 0, 0, 0)
        lists.addWidget(self.states)
        lists.addWidget(self.notice)
        lists.addWidget(self.table, 1)
        lists.addWidget(self.pictures.bare)
        lists.addWidget(self.grid, 1)
        self.refresh()

    def refresh(self) -> None:
        """Read the list again; it appears as soon as it is there."""
        if self.verdicts is not None:
            self.verdicts.refresh()
        if self.states.currentData() is None:
            return  # the grid is read when it is asked for: ticks would be lost
        state = PhotoState(self.states.currentData())
        self.session.browser.review(state, SHOWN, lambda entries: self._show(state, entries))

    def _choose(self) -> None:
        good = self.states.currentData() is None
        self.grid.setVisible(good)
        self.notice.setHidden(good)
        self.pictures.bare.setHidden(good or not self.session.history.hides)
        if good:
            self.table.hide()
            self.grid.refresh()
        self.refresh()

    def _show_note(self) -> None:
        """Show all that a reviewer has written on the open photo."""
        opened = self.session.current
        verdict = None if opened is None else self.session.project.verdicts.of(opened.photo.id)
        note = "" if verdict is None or not verdict.note else f"{verdict.who} sent it back: {verdict.note}"
        self.note.setPlainText(note)
        self.note.setVisible(bool(note) and self.verdicts is None)

    def _show(self, state: PhotoState, entries: list[ReviewEntry]) -> None:
        if state != self.states.currentData():
            return
        newest = f"The newest {SHOWN}; double" if len(entries) == SHOWN else "Double"
        self.notice.setText(f"{newest} click opens a photo again." if entries else EMPTY_NOTICES[state])
        self.table.setVisible(bool(entries))
        self.pictures.draw({entry.photo_id: entry.head for entry in entries})
        self.table.show_rows(review_rows(entries))


def review_rows(entries: Sequence[ReviewEntry]) -> list[tuple[int, tuple[str, str]]]:
    """Return rows of a table: photo id; file name and outcome."""
    return [(entry.photo_id, (PurePosixPath(entry.relpath).name, outcome_text(entry))) for entry in entries]


def outcome_text(entry: ReviewEntry) -> str:
    """Say what became of a photo: note, reason, or who saved it when."""
    if entry.state in (PhotoState.FLAGGED, PhotoState.BROKEN):
        return entry.reason or "no note"
    if entry.saved is None:
        return ""
    saved = datetime.fromtimestamp(entry.saved)
    today = saved.date() == datetime.now().date()
    return f"{saved:%H:%M}  {entry.annotator}" if today else f"{saved:%d %b}  {entry.annotator}"
