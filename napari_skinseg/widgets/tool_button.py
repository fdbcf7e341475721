"""A button with its picture above its word: five stand in a row where two rows would be needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QRect, QSize, Qt
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QStylePainter

if TYPE_CHECKING:
    from qtpy.QtGui import QPaintEvent

SIDE, MARGIN = 16, 3
"""Of the picture, and around picture and word, pixels."""


class ToolButton(QPushButton):
    """A tool that leaves the keyboard to the canvas; drawn in napari's style like any other button."""

    def __init__(self, text: str, tip: str) -> None:
        super().__init__(text)
        self.setToolTip(tip)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Qt: room for the picture and the word below it."""
        words = self.fontMetrics().size(0, self.text())
        return QSize(words.width() + 2 * MARGIN, SIDE + words.height() + 2 * MARGIN)

    def minimumSizeHint(self) -> QSize:
        """Qt: the same."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Qt: the style's empty button, then picture and word."""
        look = QStyleOptionButton()
        self.initStyleOption(look)
        look.text, word = "", look.text
        look.icon = QIcon()
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, look)
        painter.setOpacity(1.0 if self.isEnabled() else 0.4)
        place = QRect((self.width() - SIDE) // 2, MARGIN, SIDE, SIDE)
        self.icon().paint(painter, place)
        below = self.rect().adjusted(0, MARGIN + SIDE, 0, -1)
        painter.setPen(look.palette.buttonText().color())
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, word)
        painter.end()
