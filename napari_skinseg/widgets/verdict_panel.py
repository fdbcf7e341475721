"""Masks for a reviewer: a filtered list, the note, and the verdict on the open photo."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QGridLayout, QPlainTextEdit, QVBoxLayout, QWidget

from napari_skinseg.session.status import moment
from napari_skinseg.views.annotate import shortened
from napari_skinseg.widgets.elements import button, choice, keys_to_photo, row_of, wrapped_label
from napari_skinseg.widgets.photo_list import SPLITS
from napari_skinseg.widgets.readers_beside import ReadersBeside
from napari_skinseg.widgets.row_pictures import RowPictures
from napari_skinseg.widgets.word_table import WordTable
from trainer.project.review.verdicts import TWO_READINGS, UNSEEN, ReviewFilter
from trainer.project.states import VerdictKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_skinseg.session.session import AnnotationSession
    from trainer.project.review.verdicts import Reviewable

SHOWN = 200
NAME, SHORT = 30, 80
"""So many letters of a name and of a note stand in the list; the box shows all of the note."""
STATES = (
    (UNSEEN, UNSEEN),
    ("sent back", VerdictKind.RETURNED),
    ("approved", VerdictKind.APPROVED),
    (TWO_READINGS, TWO_READINGS),
)
NOTE_ROWS = 4
OTHERS = "anybody else"


class VerdictPanel(QWidget):
    """Masks that wait for a verdict, by state, annotator, use and class; the verdict on the open one."""

    def __init__(self, session: AnnotationSession, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        names = session.project.classes.names
        self.states = choice("any state", STATES)
        self.states.setCurrentIndex(1)
        self.annotators = choice("anybody", ((OTHERS, OTHERS),))
        self.annotators.setCurrentIndex(1)
        self.annotators.setToolTip("Masks that are all your own are no second look: anybody shows them too")
        self.splits = choice("any use", SPLITS)
        self.classes = choice("any class", ((name, index) for index, name in enumerate(names)))
        self.notice = wrapped_label()
        self.table = WordTable(("photo", "by", "what"), stretch=2)
        self.table.opened.connect(session.open_photo)
        self.pictures = RowPictures(self.table, session)
        self.beside = ReadersBeside(session)
        self.pictures.bare.toggled.connect(self.beside.show_bare)
        self.note = QPlainTextEdit()
        self.note.setPlaceholderText("What is wrong with the open mask")
        self.note.setFixedHeight(NOTE_ROWS * self.note.fontMetrics().lineSpacing() + 12)
        review = session.reviewing
        self.approve = button("Approve (V)", "Approve the mask that is shown", review.approve)
        self.send = button("Send back", "Back to its annotator, with the note", self._send_back)
        self.other = button(
            "Other reader (Shift+V)",
            "The mask of the other reader, and back",
            lambda: review.switch_reader(),
        )
        review.decided.connect(self._decided)
        session.photo_changed.connect(self._show_note)
        self._lay_out()
        self.refresh()

    def _lay_out(self) -> None:
        filters = QGridLayout()
        for place, box in enumerate((self.states, self.annotators, self.splits, self.classes)):
            box.activated.connect(lambda _: self.refresh())
            filters.addWidget(box, place // 2, place % 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(filters)
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.pictures.bare)
        layout.addWidget(self.beside)
        layout.addWidget(self.note)
        layout.addLayout(row_of((self.approve, 1), (self.send, 1), (self.other, 1)))

    @property
    def wanted(self) -> ReviewFilter:
        """What is asked for now."""
        who = self.annotators.currentData()
        return ReviewFilter(
            state=self.states.currentData(),
            annotator=None if who == OTHERS else who,
            not_alone_by=self.session.annotator if who == OTHERS else None,
            split=self.splits.currentData(),
            class_index=self.classes.currentData(),
        )

    def refresh(self) -> None:
        """Read the list again; it appears as soon as it is there."""
        self.beside.refresh()
        wanted = self.wanted
        self.session.reviewing.masks(wanted, SHOWN, lambda found: self._show(wanted, found))

    def _show(self, wanted: ReviewFilter, found: list[Reviewable]) -> None:
        if wanted != self.wanted:
            return
        for name in sorted({one.annotator for one in found}):
            if self.annotators.findData(name) < 0:
                self.annotators.addItem(name, name)
        many = f"The {SHOWN} that wait longest; double" if len(found) == SHOWN else "Double"
        said = f"{many} click opens one." if found else "No mask is like that."
        if not found and wanted.not_alone_by is not None:
            said += " Your own are under anybody."
        if wanted.class_index is not None:
            said += " Masks that the trainer has not measured yet are not among them."
        self.notice.setText(said)
        self.pictures.draw({one.photo_id: one.head for one in found})
        self.table.show_rows(verdict_rows(found, self.session.annotator))

    def _send_back(self) -> None:
        self.session.reviewing.send_back(self.note.toPlainText())

    def _decided(self, photo_id: int) -> None:
        """Go on to the next of the list."""
        self.note.clear()
        keys_to_photo(self)  # V is for the next photo, and no letter of a note
        following = next_row([key for key, _ in self.table.rows], photo_id)
        if following is not None:
            self.session.open_photo(following)
        self.refresh()

    def _show_note(self) -> None:
        """Show the note that the open photo was sent back with, and let another be written."""
        opened = self.session.current
        verdict = None if opened is None else self.session.project.verdicts.of(opened.photo.id)
        self.note.setPlainText("" if verdict is None else verdict.note)


def verdict_rows(found: Sequence[Reviewable], reviewer: str) -> list[tuple[int, tuple[str, str, str]]]:
    """Return rows of a table: photo id; file name, annotator, and when it was saved or what was said."""
    return [
        (
            one.photo_id,
            (
                PurePosixPath(one.relpath).name,
                "you" if one.annotator == reviewer else shortened(one.annotator, NAME),
                _what(one),
            ),
        )
        for one in found
    ]


def _what(one: Reviewable) -> str:
    short = shortened(one.note, SHORT)
    state = "sent back" if one.state == VerdictKind.RETURNED else one.state
    return ", ".join(filter(None, ("" if one.state == UNSEEN else state, moment(one.saved), short)))


def next_row(ids: Sequence[int], done: int) -> int | None:
    """Return the photo after one in a list, else the first other one."""
    place = ids.index(done) if done in ids else -1
    rest = [*ids[place + 1 :], *ids[: max(place, 0)]]
    return rest[0] if rest else None
