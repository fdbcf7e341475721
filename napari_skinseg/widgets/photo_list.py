"""A list of photos that is read a page at a time as it is scrolled, with small pictures as they come."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from qtpy.QtGui import QImage, QPainter, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from napari_skinseg.session.thumbnails import SIDE
from napari_skinseg.widgets.elements import keys_to_photo
from napari_skinseg.widgets.word_table import tip_of
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_skinseg.session.session import AnnotationSession
    from trainer.project.queue.search import PhotoFilter, SearchPage, SearchResult

SPLITS = (("training", "train"), ("validation", "val"), ("test", "test"))
"""Uses of photos: words, and the names in the catalog."""
STATE_WORDS = {
    PhotoState.NEW: "not begun",
    PhotoState.LABELLED: "done",
    PhotoState.PART: "begun",
    PhotoState.FLAGGED: "flagged",
    PhotoState.BROKEN: "cannot be read",
}
ROW_GAP = 8
Index = QModelIndex | QPersistentModelIndex
TOP = QModelIndex()


class PhotoListModel(QAbstractListModel):
    """Results of a search, read when the view asks for more.

    Signals
    -------
    progressed()
        Another page has come, or the search is at its end.
    """

    progressed = Signal()

    def __init__(self, session: AnnotationSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._found: list[SearchResult] = []
        self._wanted: PhotoFilter | None = None
        self._after: tuple[float, int] | None = None
        self._reading, self.share = False, 0.0
        self.at_end, self._bare = True, False
        empty = QPixmap(SIDE, SIDE)
        empty.fill(Qt.GlobalColor.transparent)
        self._empty = empty

    def search(self, wanted: PhotoFilter) -> None:
        """Begin anew with another filter."""
        self.beginResetModel()
        self._found, self._wanted, self._after = [], wanted, None
        self._reading, self.at_end, self.share = False, False, 0.0
        self.endResetModel()
        self.fetchMore()

    def show_bare(self, bare: bool) -> None:
        """Show or hide the sensitive classes."""
        self._bare = bare
        if self._found:
            last = self.index(len(self._found) - 1, 0)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.DecorationRole])

    def photo_at(self, index: Index) -> SearchResult:
        """Return what is shown in a row."""
        return self._found[index.row()]

    def rowCount(self, parent: Index = TOP) -> int:
        """Return the number of photos found so far."""
        return 0 if parent.isValid() else len(self._found)

    def canFetchMore(self, parent: Index = TOP) -> bool:
        """Whether there may be more."""
        return not parent.isValid() and not self.at_end and not self._reading

    def fetchMore(self, parent: Index = TOP) -> None:
        """Read the next page in a thread."""
        if self._wanted is None or not self.canFetchMore(parent):
            return
        self._reading, wanted = True, self._wanted
        self._session.browser.page(wanted, self._after, lambda page: self._take(wanted, page))

    def _take(self, wanted: PhotoFilter, page: SearchPage) -> None:
        if wanted is not self._wanted:
            return
        if page.results:
            first = len(self._found)
            self.beginInsertRows(TOP, first, first + len(page.results) - 1)
            self._found += page.results
            self.endInsertRows()
        self._reading, self._after, self.share = False, page.after, page.share
        self.at_end = page.after is None
        self.progressed.emit()
        if not page.results:  # nothing in this part of the project: the view would not ask again
            self.fetchMore()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return text, small picture, or the whole path of a row."""
        if not index.isValid():
            return None
        found = self._found[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row_text(found)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip_of(found.relpath)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._picture(found, QPersistentModelIndex(index))
        return None

    def _picture(self, found: SearchResult, place: QPersistentModelIndex) -> QPixmap:
        def drawn() -> None:
            if place.isValid():
                index = self.index(place.row(), 0)
                self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])

        pixels = self._session.browser.thumbnails.get(found.photo_id, found.head, drawn, self._bare)
        return self._empty if pixels is None else pixmap(pixels)


class PhotoList(QListView):
    """The view of a `PhotoListModel`; a double click or Enter opens a photo.

    Signals
    -------
    opened(int)
        Id of the photo.
    """

    opened = Signal(int)

    def __init__(self, model: PhotoListModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setUniformItemSizes(True)
        self.setIconSize(QSize(SIDE, SIDE))
        self.setSpacing(ROW_GAP // 2)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setItemDelegate(_AsWideAsTheList(self))
        self.activated.connect(lambda _: keys_to_photo(self))
        self.activated.connect(lambda index: self.opened.emit(model.photo_at(index).photo_id))


class _AsWideAsTheList(QStyledItemDelegate):
    """Rows that ask for no width: a long name is shortened, where the list would scroll sideways."""

    def sizeHint(
        self, option: QStyleOptionViewItem | None, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Qt: as high as the picture and the texts."""
        return QSize(SIDE, super().sizeHint(option, index).height())  # type: ignore[arg-type]


def row_text(found: SearchResult) -> str:
    """Return two or three lines: name; state and annotator; a reason or note."""
    who = f", {found.annotator}" if found.annotator else ""
    lines = [PurePosixPath(found.relpath).name, f"{STATE_WORDS[found.state]}{who}"]
    return "\n".join([*lines, found.said.splitlines()[0]] if found.said.strip() else lines)


def pixmap(pixels: NDArray[np.uint8], side: int = SIDE) -> QPixmap:
    """Return a picture, uint8 (height, width, 3), in the middle of a square: all texts are aligned."""
    height, width, _ = pixels.shape
    data = np.ascontiguousarray(pixels).tobytes()
    square = QPixmap(side, side)
    square.fill(Qt.GlobalColor.transparent)
    painter = QPainter(square)
    image = QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888)
    painter.drawImage((side - width) // 2, (side - height) // 2, image)
    painter.end()
    return square
