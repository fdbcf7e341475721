"""A read-only table of texts, for the queue, the review and the models."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from napari_skinseg.views.annotate import shortened
from napari_skinseg.widgets.elements import BREAK, BREAKABLE, column_header, hide_row_numbers, keys_to_photo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QResizeEvent

ROW_HEIGHT = 24
LONGEST_NAME = 124
"""Beside a picture, pixels: a longer one breaks or is cut short."""
CELL_LETTERS, LINE_LETTERS, TIP_LETTERS = 120, 60, 2000
"""Letters of a cell, of a tooltip on one line, and of a tooltip that is broken into lines."""
Row = tuple[Any, tuple[str, ...]]
"""A key, and the texts of the cells."""


class WordTable(QTableWidget):
    """Rows of text under a header; each row has a key, which a double click emits.

    Parameters
    ----------
    columns : sequence of str
        The header.
    stretch : int
        The column that takes the width left over.
    fits : bool, optional
        Show as many whole rows as the height has room for, no scroll bar, and no header without a row.

    Signals
    -------
    opened(object)
        Key of the row that was double clicked.
    """

    opened = Signal(object)

    def __init__(
        self, columns: Sequence[str], *, stretch: int, fits: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(0, len(columns), parent)
        self._rows: list[Row] = []
        self._picture_width = 0
        self.wanted_height = 0
        """Pixels that it asks for in a layout; 0: as Qt does."""
        self.setHorizontalHeaderLabels(list(columns))
        hide_row_numbers(self, ROW_HEIGHT)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = column_header(self)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in range(len(columns)):
            mode = (
                QHeaderView.ResizeMode.Stretch
                if column == stretch
                else QHeaderView.ResizeMode.ResizeToContents
            )
            header.setSectionResizeMode(column, mode)
        self._fits = fits
        if fits:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.cellDoubleClicked.connect(lambda row, _: self._open(row))

    def _open(self, row: int) -> None:
        keys_to_photo(self)
        self.opened.emit(self._rows[row][0])

    def make_room(self, width: int, height: int) -> None:
        """Make room for pictures in the first column, and rows of that height, in which texts break."""
        self._picture_width = width
        hide_row_numbers(self, height)
        self.setWordWrap(True)

    def sizeHint(self) -> QSize:
        """Qt: as high as was asked for."""
        hint = super().sizeHint()
        return QSize(hint.width(), self.wanted_height) if self.wanted_height else hint

    def sizeHintForColumn(self, column: int) -> int:
        """Qt: the widest text, seen or not, and room between the columns."""
        measure = self.fontMetrics().horizontalAdvance
        words = (shortened(cells[column], CELL_LETTERS) for _, cells in self._rows)
        widest = max(map(measure, words), default=0) + 20
        if column or not self._picture_width:
            return widest
        return self._picture_width + min(widest, LONGEST_NAME)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Replace the rows (key, cells); the selected key stays selected."""
        rows = list(rows)
        if rows == self._rows:
            return
        selected = self.selected()
        self._rows = rows
        self.setRowCount(len(rows))
        for place, (key, cells) in enumerate(rows):
            for column, text in enumerate(cells):
                item = QTableWidgetItem(shortened(text, CELL_LETTERS))
                item.setToolTip(tip_of(text))
                self.setItem(place, column, item)
            if key == selected:
                self.selectRow(place)
        self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Qt: no row is cut in half."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._fits:
            header = column_header(self)
            room = max(0, self.height() - header.sizeHint().height()) // ROW_HEIGHT
            header.setVisible(room > 0 and self.rowCount() > 0)
            bare = "" if room > 0 and self.rowCount() > 0 else "QTableView { background: transparent; }"
            if self.styleSheet() != bare:  # without a row it would stay an empty box
                self.setStyleSheet(bare)
            for place in range(self.rowCount()):
                self.setRowHidden(place, place >= room)

    @property
    def rows(self) -> Sequence[Row]:
        """The rows that are shown."""
        return self._rows

    def selected(self) -> Any:
        """Return the key of the selected row, or None."""
        selection = self.selectionModel()
        places = [place.row() for place in selection.selectedRows()] if selection is not None else []
        return self._rows[places[0]][0] if places and places[0] < len(self._rows) else None


def tip_of(text: str) -> str:
    """Return a text as a tooltip; a long one in lines, where Qt would make it one line of any width."""
    if len(text) <= LINE_LETTERS:
        return text
    words = BREAKABLE.sub(rf"\g<0>{BREAK}", shortened(text, TIP_LETTERS))
    return f"<p>{escape(words)}</p>"
