"""Small pictures in front of the rows of a table of photos, drawn as they come into sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, QPersistentModelIndex, QSize
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from napari_skinseg.widgets.elements import bare_box
from napari_skinseg.widgets.photo_list import pixmap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qtpy.QtWidgets import QCheckBox

    from napari_skinseg.session.session import AnnotationSession
    from napari_skinseg.session.thumbnails import Mask
    from napari_skinseg.widgets.word_table import WordTable

HEIGHT = 56
"""Of a picture, pixels."""
GAP = 8
"""Above and below it together."""


class RowPictures(QStyledItemDelegate):
    """Pictures in the first column of a table whose keys are photos.

    Parameters
    ----------
    table
        Its rows become as high as the pictures, and its texts break.
    session
        Draws, in a thread of its own.
    """

    def __init__(self, table: WordTable, session: AnnotationSession) -> None:
        super().__init__(table)
        self._table, self._thumbnails = table, session.browser.thumbnails
        self._masks: Mapping[int, Mask] = {}
        self._bare = False
        table.make_room(HEIGHT, HEIGHT + GAP)
        table.setItemDelegateForColumn(0, self)
        self.bare: QCheckBox = bare_box(session.history.hides, self._show_bare)
        """The box that asks for sensitive classes."""

    def draw(self, masks: Mapping[int, Mask]) -> None:
        """Draw these masks over the photos; one that has none is drawn without."""
        if masks != self._masks:
            self._masks = masks
            self._repaint()

    def initStyleOption(
        self, option: QStyleOptionViewItem | None, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Qt: add the picture of a row that is being painted, if it is there."""
        super().initStyleOption(option, index)  # type: ignore[arg-type]
        if option is not None:
            photo_id = self._table.rows[index.row()][0]
            pixels = self._thumbnails.get(photo_id, self._masks.get(photo_id), self._repaint, self._bare)
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
            option.decorationSize = QSize(HEIGHT, HEIGHT)
            option.icon = QIcon() if pixels is None else QIcon(pixmap(pixels))

    def _show_bare(self, bare: bool) -> None:
        self._bare = bare
        self._repaint()

    def _repaint(self) -> None:
        viewport = self._table.viewport()
        if viewport is not None:
            viewport.update()
