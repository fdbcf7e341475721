"""The whole photo small in a corner of the canvas while it is zoomed in, with a frame around what is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from qtpy.QtCore import QEvent, QObject, QPoint, QRectF, Qt, QTimer
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QPixmap
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    import napari
    from numpy.typing import NDArray
    from qtpy.QtGui import QMouseEvent, QPaintEvent

    from napari_skinseg.session.session import AnnotationSession

LONG_SIDE = 150
"""Of the map, pixels."""
FROM_EDGE = 12
"""Distance of the map to the canvas's edges, pixels."""
WHOLE = 0.98
"""Share of height and width in view from which on the whole photo counts as seen."""
REDRAW_MS = 30
FRAME = "#ffffff"

Box = tuple[float, float, float, float]
"""Top, left, bottom and right in pixels of the photo."""


class Minimap(QWidget):
    """The map; a click or a drag on it moves the view there.

    Parameters
    ----------
    viewer, session
        Of the window.
    canvas
        What the map lies on.
    """

    def __init__(self, viewer: napari.Viewer, session: AnnotationSession, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._viewer, self._session, self._canvas = viewer, session, canvas
        self._camera = viewer.scene.camera
        self._layer = session.photo_layer
        self._picture: QPixmap | None = None
        self.wanted = True
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("The whole photo: a click moves there (Shift+Z puts this map away)")
        self.hide()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(REDRAW_MS)
        self._soon.timeout.connect(self.refresh)
        self._followed = (self._camera.events.center, self._camera.events.zoom)
        for event in self._followed:
            event.connect(self._look_soon)
        self._layer.events.data.connect(self._forget)
        session.photo_changed.connect(self._forget)
        canvas.installEventFilter(self)

    def close_map(self) -> None:
        """Follow the viewer no longer, and go."""
        for event in self._followed:
            event.disconnect(self._look_soon)
        self._layer.events.data.disconnect(self._forget)
        self._session.photo_changed.disconnect(self._forget)
        self._canvas.removeEventFilter(self)
        self._soon.stop()
        self.hide()
        self.deleteLater()

    def toggle(self) -> None:
        """Switch the map off, or on again."""
        self.switch(not self.wanted)
        self._session.notice.emit(
            "info", f"the small map of a zoomed photo is {'on' if self.wanted else 'off'}"
        )

    def switch(self, on: bool) -> None:
        """Switch the map on or off."""
        self.wanted = on
        self.refresh()

    @property
    def view(self) -> Box:
        """The part of the photo that is seen."""
        size = self._canvas.size()
        row, column = self._camera.center[-2:]
        return view_box((row, column), self._camera.zoom, (size.height(), size.width()), self._shape)

    @property
    def _shape(self) -> tuple[int, int]:
        height, width = self._layer.data[0].shape[:2]
        return height, width

    def refresh(self) -> None:
        """Draw the frame where the view is now; hide while there is nothing to find one's way in."""
        shown = self.wanted and self._session.current is not None and not is_whole(self.view, self._shape)
        if shown and self._picture is None:
            self._picture = small_picture(self._layer.data)
            self.setFixedSize(self._picture.size())
        self.setVisible(shown)
        if shown:
            # At the top: napari's notifications come at the bottom, and would be covered.
            self.move(self._canvas.width() - self.width() - FROM_EDGE, FROM_EDGE)
            self.raise_()
            self.update()

    def _look_soon(self, event: object = None) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _forget(self, event: object = None) -> None:
        self._picture = None
        self._look_soon()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Qt: stay in the corner of a canvas of another size."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self._look_soon()
        return False

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Qt: move the view to where the mouse is."""
        if event is not None:
            self._go(event.pos())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Qt: move the view along."""
        if event is not None:
            self._go(event.pos())

    def _go(self, place: QPoint) -> None:
        height, width = self._shape
        row, column = place.y() / self.height() * height, place.x() / self.width() * width
        self._camera.center = (
            *self._camera.center[:-2],
            min(max(row, 0), height),
            min(max(column, 0), width),
        )

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Qt: the photo, darker outside of what is seen, and the frame."""
        if self._picture is None:
            return
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        scale = self.height() / self._shape[0], self.width() / self._shape[1]
        top, left, bottom, right = self.view
        seen = QRectF(left * scale[1], top * scale[0], (right - left) * scale[1], (bottom - top) * scale[0])
        painter.fillRect(self.rect(), QColor(0, 0, 0, 110))
        painter.drawPixmap(seen, self._picture, seen)
        painter.setPen(QPen(QColor(FRAME), 1))
        painter.drawRect(seen.adjusted(0, 0, -1, -1))
        painter.setPen(QPen(QColor(0, 0, 0), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()


def view_box(
    center: tuple[float, float], zoom: float, canvas: tuple[int, int], photo: tuple[int, int]
) -> Box:
    """Return the part of a photo that a canvas shows.

    Parameters
    ----------
    center
        Row and column of the photo in the middle of the canvas.
    zoom
        Pixels of the canvas for one of the photo.
    canvas, photo
        Height and width, pixels.
    """
    (row, column), (rows, columns) = center, (side / zoom / 2 for side in canvas)
    height, width = photo
    return (
        min(max(row - rows, 0.0), height),
        min(max(column - columns, 0.0), width),
        max(min(row + rows, height), 0.0),
        max(min(column + columns, width), 0.0),
    )


def is_whole(view: Box, photo: tuple[int, int]) -> bool:
    """Tell whether the whole photo is seen, but for a sliver."""
    top, left, bottom, right = view
    return bottom - top >= WHOLE * photo[0] and right - left >= WHOLE * photo[1]


def small_picture(levels: Sequence[NDArray[np.uint8]]) -> QPixmap:
    """Make the picture of the map from a photo's pyramid, uint8 (height, width, 3) each."""
    enough = [level for level in levels if max(level.shape[:2]) >= LONG_SIDE]
    whole, source = levels[0].shape[:2], np.asarray(enough[-1] if enough else levels[0])
    rows, columns = (max(1, round(side * LONG_SIDE / max(whole))) for side in whole)
    small = np.asarray(Image.fromarray(source).resize((columns, rows), Image.Resampling.BOX))
    data = small.tobytes()
    return QPixmap.fromImage(QImage(data, columns, rows, 3 * columns, QImage.Format.Format_RGB888))
