"""The picture that some recipes write at every checkpoint: read in a thread, as large as there is room."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QImage, QMouseEvent, QPixmap, QResizeEvent
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS = 24
READER = ThreadPoolExecutor(1, thread_name_prefix="skinseg-panel")


class RoundPicture(QWidget):
    """A caption, and below it the picture as large as fits; hidden while there is none.

    Attributes
    ----------
    hides : bool
        Show it reduced to coarse blocks until it is clicked: nobody has told what is on it.
    """

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption, self.picture = QLabel(), QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        for label in (self.caption, self.picture):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.picture.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.caption)
        layout.addWidget(self.picture, 1)
        self._image: QImage | None = None
        self._seen: tuple[Path, int] | None = None
        self._reading: Future[QImage] | None = None
        self._caption_text = ""
        self.hides = False
        self._bare = False
        self.hide()

    def look(self, path: Path | None, caption: str) -> None:
        """Show the picture at `path` if it is another than before; None: there is none any more.

        Parameters
        ----------
        caption
            Shown above a picture that is new.
        """
        self._take()
        stamp = None if path is None else _stamp(path)
        if path is None or stamp is None:
            self._seen = self._image = None
            self.hide()
        elif (path, stamp) != self._seen and self._reading is None:
            self._seen, self._caption_text = (path, stamp), caption
            self._reading = READER.submit(QImage, str(path))

    def _take(self) -> None:
        """Show a picture that has been read meanwhile."""
        if self._reading is None or not self._reading.done():
            return
        image, self._reading = self._reading.result(), None
        if not image.isNull():
            self._image = image
            self.caption.setText(self._caption_text)
            more = "; a click shows it sharp, or blurred again" if self.hides else ""
            self.setToolTip(f"{self._caption_text}{more}")
            self.show()
            self._scale()

    def _scale(self) -> None:
        if self._image is not None:
            image = self._image if self._bare or not self.hides else veiled_image(self._image)
            pixels = self.picture.size().boundedTo(QSize(4096, 4096))
            ratio = self.devicePixelRatioF()
            fitting = image.scaled(
                pixels * ratio,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            fitting.setDevicePixelRatio(ratio)
            self.picture.setPixmap(QPixmap.fromImage(fitting))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Qt: show the picture sharp, or blurred again."""
        self._bare = not self._bare
        self._scale()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Qt: fit the picture to the new size."""
        super().resizeEvent(event)
        self._scale()


def veiled_image(image: QImage) -> QImage:
    """Return a picture reduced to coarse blocks, of the same size."""
    smooth = Qt.TransformationMode.SmoothTransformation
    few = QSize(image.width(), image.height()).scaled(BLOCKS, BLOCKS, Qt.AspectRatioMode.KeepAspectRatio)
    ignored = Qt.AspectRatioMode.IgnoreAspectRatio
    coarse = image.scaled(few.expandedTo(QSize(1, 1)), ignored, smooth)
    return coarse.scaled(image.size(), ignored, smooth)


def _stamp(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
