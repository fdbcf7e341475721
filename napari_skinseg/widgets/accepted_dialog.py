"""After a bad model: the masks that were accepted from it are listed, and put back into the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QVBoxLayout, QWidget

from napari_skinseg.session.status import model_number, moment
from napari_skinseg.widgets.elements import button, row_of, wrapped_label
from napari_skinseg.widgets.word_table import WordTable

if TYPE_CHECKING:
    from napari_skinseg.session.accepted_from import AcceptedFrom
    from trainer.project.maintenance.accepted import AcceptedMask

SIZE = (560, 360)


class AcceptedDialog(QDialog):
    """A small window beside the photo, for one model.

    Parameters
    ----------
    accepted
        Lists the masks and puts them back.
    model_id
        Whose they are.
    writable
        Whether the project takes changes.
    """

    def __init__(
        self, accepted: AcceptedFrom, model_id: str, writable: bool, *, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, Qt.WindowType.Tool)  # a tool window leaves the parent its shortcuts
        self._accepted, self._model, self._writable = accepted, model_number(model_id), writable
        self._masks: list[AcceptedMask] = []
        self._gone = False
        self.setWindowTitle(f"Accepted from model {self._model}")
        self.notice = wrapped_label("Reading the masks …")
        self.table = WordTable(("photo", "annotator", "saved", "accepted"), stretch=0)
        self.put_back = button(
            "Put back into the queue",
            "What was painted stays; what was accepted becomes a suggestion again. Nothing is deleted",
            self._put_back,
        )
        self.put_back.setEnabled(False)
        layout = QVBoxLayout(self)
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1)
        layout.addLayout(row_of((QWidget(), 1), (self.put_back, 0), (button("Close", "", self.close), 0)))
        self.resize(*SIZE)
        accepted.find(model_id, self._show, self._failed)

    def done(self, result: int) -> None:
        """Qt: the window is closed; what still comes in is not shown."""
        self._gone = True
        super().done(result)

    def _show(self, masks: list[AcceptedMask]) -> None:
        if self._gone:
            return
        self._masks = masks
        count = f"{len(masks):,} mask{'s hold' if len(masks) != 1 else ' holds'}"
        self.notice.setText(
            f"{count} what model {self._model} proposed and nobody painted."
            if masks
            else f"No mask holds anything that model {self._model} proposed and nobody painted."
        )
        self.table.show_rows(
            [(m.photo_id, (m.relpath, m.annotator, moment(m.saved), f"{m.accepted:.0%}")) for m in masks]
        )
        self.put_back.setEnabled(bool(masks) and self._writable)

    def _put_back(self) -> None:
        self.put_back.setEnabled(False)
        self.notice.setText("Putting them back …")
        self._accepted.put_back(self._masks, self._moved, self._failed)

    def _moved(self, moved: list[AcceptedMask]) -> None:
        if self._gone:
            return
        kept = len(self._masks) - len(moved)
        self.table.show_rows([])
        self.notice.setText(
            f"{len(moved):,} photo{'s are' if len(moved) != 1 else ' is'} in the queue again; "
            "the masks as they were are in their history."
            + (f" {kept:,} had been saved anew meanwhile and stay." if kept else "")
        )

    def _failed(self, error: BaseException) -> None:
        if not self._gone:
            self.notice.setText(str(error))
