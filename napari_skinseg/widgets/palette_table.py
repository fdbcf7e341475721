"""The class palette: key, colour, name, eye and lock of every class, the selected one marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QIcon
from qtpy.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QSizePolicy, QTableView, QWidget

from napari_skinseg.widgets.elements import column_header, hide_row_numbers
from napari_skinseg.widgets.icons import icon, swatch, theme_colour
from trainer.labels.values import NOT_LABELLED

if TYPE_CHECKING:
    from napari_skinseg.views.annotate import ClassRow

KEY, NAME, EYE, LOCK = range(4)
ROW_HEIGHT, LOW_ROW = 20, 18


class PaletteModel(QAbstractTableModel):
    """Resolved `ClassRow`s as a table of Qt; holds no state of its own."""

    def __init__(self, theme: str = "dark") -> None:
        super().__init__()
        self._rows: tuple[ClassRow, ...] = ()
        self._theme = theme

    @property
    def rows(self) -> tuple[ClassRow, ...]:
        """Rows that are shown now."""
        return self._rows

    def show_rows(self, rows: tuple[ClassRow, ...]) -> None:
        """Replace the rows that are shown."""
        if rows == self._rows:
            return
        grown = len(rows) != len(self._rows)
        if grown:
            self.beginResetModel()
        self._rows = rows
        if grown:
            self.endResetModel()
        else:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, LOCK))

    def set_theme(self, theme: str) -> None:
        """Follow napari's theme."""
        self._theme = theme
        self.layoutChanged.emit()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Qt: one row for each class and one for the eraser."""
        return len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Qt: key, name, eye, lock."""
        return 4

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Qt: text, icon, colours and tooltip of a cell."""
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return {KEY: str(row.value), NAME: row.name}.get(column)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icon(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == KEY:
            return Qt.AlignmentFlag.AlignCenter
        if role == Qt.ItemDataRole.BackgroundRole and row.selected:
            return QBrush(QColor(theme_colour(self._theme, "current")))
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, column)
        return None

    def _icon(self, row: ClassRow, column: int) -> QIcon | None:
        colour = theme_colour(self._theme, "text")
        if column == NAME:
            return swatch(row.colour)
        if row.value == NOT_LABELLED:
            return None
        if column == EYE:
            return icon("visibility" if row.visible else "visibility_off", colour, 1 if row.visible else 0.4)
        if column == LOCK:
            return icon("lock" if row.locked else "lock_open", colour, 1 if row.locked else 0.3)
        return None

    @staticmethod
    def _tip(row: ClassRow, column: int) -> str:
        if row.value != NOT_LABELLED and column == EYE:
            return f"{'Hide' if row.visible else 'Show'} {row.name}. What is saved stays the same."
        if row.value != NOT_LABELLED and column == LOCK:
            return (
                f"{'Unlock' if row.locked else 'Lock'} {row.name}: painting never overwrites a locked class."
            )
        said = f"Paint {row.name} (key {row.value})" if row.value else "Erase to not labelled (key 0)"
        return f"{said}: {row.drawn}" if row.drawn else said


class PaletteTable(QTableView):
    """A table of classes; a click emits what it asks for and changes nothing by itself.

    Signals
    -------
    picked(int)
        A class (stored value) was chosen.
    seen(int, bool)
        Its eye was clicked: it should be visible or not.
    locked(int, bool)
        Its lock was clicked.
    """

    picked = Signal(int)
    seen = Signal(int, bool)
    locked = Signal(int, bool)

    def __init__(self, *, theme: str = "dark", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.palette_model, self._row_height = PaletteModel(theme), ROW_HEIGHT
        self.setModel(self.palette_model)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setIconSize(QSize(16, 16))
        hide_row_numbers(self, ROW_HEIGHT).setMinimumSectionSize(LOW_ROW)
        header = column_header(self)
        header.hide()
        header.setMinimumSectionSize(26)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column in (KEY, EYE, LOCK):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, 28)
        self.clicked.connect(self._clicked)

    def show_rows(self, rows: tuple[ClassRow, ...]) -> None:
        """Present resolved rows, at full height: a palette never scrolls."""
        self.palette_model.show_rows(rows)
        self._fit()

    def be_low(self, low: bool) -> None:
        """Take less room, in a low window."""
        self._row_height = LOW_ROW if low else ROW_HEIGHT
        hide_row_numbers(self, self._row_height)
        self._fit()

    def _fit(self) -> None:
        self.setFixedHeight(self._row_height * len(self.palette_model.rows) + 2)

    def _clicked(self, index: QModelIndex) -> None:
        row = self.palette_model.rows[index.row()]
        if row.value != NOT_LABELLED and index.column() == EYE:
            self.seen.emit(row.value, not row.visible)
        elif row.value != NOT_LABELLED and index.column() == LOCK:
            self.locked.emit(row.value, not row.locked)
        else:
            self.picked.emit(row.value)
