"""Grid of the suggestions that the model is surest of: each is accepted by a tick, and by nothing else."""

from __future__ import annotations

import time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_skinseg.session.thumbnails import Suggested
from napari_skinseg.widgets.elements import bare_box, button, keys_to_photo, row_of, wrapped_label
from napari_skinseg.widgets.photo_list import pixmap

if TYPE_CHECKING:
    from napari_skinseg.session.session import AnnotationSession
    from trainer.project.review.review import Trusted

SIDE = 112
"""Of a picture, pixels: two stand in a row of the narrowest dock."""
WORDS = 44
"""Room for name and figure below it, pixels."""
HINT = "Tick the masks that are right; a double click opens a photo."
NONE_YET = "Nothing to offer: the trainer has rated no waiting photo with the model in use yet."
COMING = "The trainer is making {} more."


class SuggestionGrid(QWidget):
    """Pictures with their suggestions over them, and the button that accepts those ticked."""

    def __init__(self, session: AnnotationSession, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._found: dict[int, Trusted] = {}
        self._since = time.monotonic()
        self._bare = False
        self.notice = wrapped_label()
        self.grid = QListWidget()
        self.grid.setViewMode(QListView.ViewMode.IconMode)
        self.grid.setMovement(QListView.Movement.Static)
        self.grid.setResizeMode(QListView.ResizeMode.Adjust)
        self.grid.setIconSize(QSize(SIDE, SIDE))
        self.grid.setGridSize(QSize(SIDE + 16, SIDE + WORDS))
        self.grid.setFrameShape(QFrame.Shape.NoFrame)
        self.grid.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.grid.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.grid.itemChanged.connect(lambda _: self._count())
        self.grid.itemDoubleClicked.connect(lambda _: keys_to_photo(self))
        self.grid.itemDoubleClicked.connect(lambda item: session.open_photo(_photo_id(item)))
        self.accept = button("", "Save these as accepted masks (Ctrl+Z takes them back)", self._accept)
        self.again = button("Look again", "Read the list again; ticks are forgotten", self.refresh)
        self.bare = bare_box(session.history.hides, self._show_bare)
        session.suggestions.done.connect(self.refresh)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.notice)
        layout.addWidget(self.grid, 1000)
        layout.addWidget(self.bare)
        layout.addLayout(row_of((self.accept, 1), (self.again, 0)))
        layout.addStretch(1)
        self._count()

    def refresh(self) -> None:
        """Read again what is on offer."""
        self.session.suggestions.find(self._show)

    def ticked(self) -> list[Trusted]:
        """Return the photos that a person has ticked."""
        items = (self.grid.item(place) for place in range(self.grid.count()))
        chosen = (item for item in items if item is not None and item.checkState() == Qt.CheckState.Checked)
        return [self._found[_photo_id(item)] for item in chosen]

    def _show(self, found: list[Trusted]) -> None:
        there = [one for one in found if one.there]
        coming = COMING.format(len(found) - len(there)) if len(there) < len(found) else ""
        self.notice.setText(" ".join(filter(None, (HINT if there else "", coming))) or NONE_YET)
        self.grid.setVisible(bool(there))
        self._found, self._since = {one.photo_id: one for one in there}, time.monotonic()
        self.grid.clear()
        for one in there:
            item = QListWidgetItem(f"{PurePosixPath(one.relpath).name}\nsure {one.sure:.0%}")
            item.setData(Qt.ItemDataRole.UserRole, one.photo_id)
            item.setToolTip(f"{one.relpath}: how far the likeliest class is ahead of the next, on average")
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked)
            self.grid.addItem(item)
        self._draw()
        self._count()

    def _draw(self) -> None:
        """Put the pictures in that are there; the others come."""
        self.grid.blockSignals(True)
        for place in range(self.grid.count()):
            item = self.grid.item(place)
            if item is not None:
                one = self._found[_photo_id(item)]
                thumbnails = self.session.browser.thumbnails
                mask = Suggested(one.model_id)
                pixels = thumbnails.get(one.photo_id, mask, self._draw, self._bare, SIDE)
                item.setIcon(QIcon() if pixels is None else QIcon(pixmap(pixels, SIDE)))
        self.grid.blockSignals(False)
        viewport = self.grid.viewport()
        if viewport is not None:
            viewport.update()

    def _show_bare(self, bare: bool) -> None:
        self._bare = bare
        self._draw()

    def _count(self) -> None:
        count = len(self.ticked())
        self.accept.setText(f"Accept ticked ({count})" if count else "Accept ticked")
        self.accept.setEnabled(count > 0)

    def _accept(self) -> None:
        ticked = self.ticked()
        self.accept.setEnabled(False)
        self.session.suggestions.accept(ticked, time.monotonic() - self._since)


def _photo_id(item: QListWidgetItem) -> int:
    return int(item.data(Qt.ItemDataRole.UserRole))
