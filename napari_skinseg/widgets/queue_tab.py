"""The queue as a tab: a filter, the next photos and their reasons. A double click opens one now."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_skinseg.session.status import missing_words
from napari_skinseg.widgets.elements import wrapped_label
from napari_skinseg.widgets.filter_line import FilterFields, FilterLine
from napari_skinseg.widgets.row_pictures import RowPictures
from napari_skinseg.widgets.word_table import WordTable
from trainer.project.queue.queue_filter import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_skinseg.session.queue_choice import QueueChoice
    from napari_skinseg.session.session import AnnotationSession
    from trainer.project.queue.queue import QueueEntry
    from trainer.project.queue.queue_filter import QueueFilter

HEAD = 50
NONE_FITS = "No photo fits the filter."


class QueueTab(QWidget):
    """The head of the queue.

    Suggestions are drawn over photos that are handed out already: any later one may come without its
    suggestion, to measure the model, and nobody is to have seen it then.
    """

    def __init__(self, session: AnnotationSession, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.fields = FilterFields(session.project.classes.names)
        self.fields.changed.connect(self._filter)
        self.filter = FilterLine(lambda: self._filter(EVERYTHING))
        self.notice = wrapped_label()
        self.table = WordTable(("photo", "why"), stretch=1)
        self.table.opened.connect(session.open_photo)
        self.pictures = RowPictures(self.table, session)
        layout = QVBoxLayout(self)
        layout.addWidget(self.fields)
        layout.addWidget(self.filter)
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.pictures.bare)
        layout.addStretch()
        self.refresh()

    def _filter(self, wanted: QueueFilter) -> None:
        self.session.choice.filter(wanted)
        self.refresh()

    def refresh(self) -> None:
        """Read the head of the queue again."""
        choice = self.session.choice
        self.fields.show_filter(choice.wanted)
        self.filter.show_words(choice.words)
        entries = self.session.queue_head(HEAD)
        state = self.session.project.statistics.state()
        ranked = f", {state.text}" if state else ""
        missing = missing_words(self.session.project_status.validation_missing)
        until = f" {missing}; until then each new one makes the suggestions." if missing else ""
        self.notice.setText(
            f"Next up{ranked}; double click opens a photo now.{until}" if entries else none_left(choice)
        )
        self.table.setVisible(bool(entries))
        self.pictures.draw(self.session.handed_out())
        self.table.show_rows(queue_rows(entries))


def none_left(choice: QueueChoice) -> str:
    """Say why the list is empty."""
    if choice.looking:
        return "Looking …"
    if choice.wanted.class_index is not None:
        return f"{NONE_FITS} What is on a photo is known once a model has looked at it."
    return NONE_FITS if choice.words else "The queue is empty: every photo is labelled."


def queue_rows(entries: Sequence[QueueEntry]) -> list[tuple[int, tuple[str, str]]]:
    """Return rows of a table: photo id; file name and reason."""
    return [(entry.photo_id, (PurePosixPath(entry.relpath).name, entry.why or "")) for entry in entries]
