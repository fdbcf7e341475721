"""Brightness and contrast of the photo in one row: two small sliders, reset and pin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap
from qtpy.QtWidgets import QHBoxLayout, QSlider, QToolButton, QWidget

from napari_skinseg.layers.light import MOST
from napari_skinseg.widgets.icons import theme_colour

if TYPE_CHECKING:
    from napari_skinseg.layers.light import PhotoLight

SIDE = 20
"""Of the buttons, pixels."""
BRIGHTNESS_TIP = "Brightness of the photo on the screen; what is saved stays as it is (Z: neutral)"
CONTRAST_TIP = "Contrast of the photo on the screen; what is saved stays as it is (Z: neutral)"


class LightRow(QWidget):
    """Shows and sets a `PhotoLight`.

    Parameters
    ----------
    light
        Of the photo.
    theme
        napari theme for the icons.
    """

    def __init__(self, light: PhotoLight, *, theme: str = "dark") -> None:
        super().__init__()
        self._light = light
        self.brightness, self.contrast = _slider(BRIGHTNESS_TIP), _slider(CONTRAST_TIP)
        self.reset = header_button("Brightness and contrast back to neutral (Z)")
        self.reset.clicked.connect(lambda: light.reset())
        self.pin = header_button("Keep brightness and contrast for the photos that follow")
        self.pin.setCheckable(True)
        self.pin.clicked.connect(light.pin)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        for slider in (self.brightness, self.contrast):
            slider.valueChanged.connect(self._set)
            layout.addWidget(slider, 1)
        layout.addWidget(self.reset)
        layout.addWidget(self.pin)
        self.set_theme(theme)
        light.changed.connect(self._read)
        self._read()

    def set_theme(self, theme: str) -> None:
        """Draw the icons for a napari theme."""
        colour = theme_colour(theme, "icon")
        self.reset.setIcon(light_icon(colour, "back"))
        self.pin.setIcon(light_icon(colour, "pin"))

    def _set(self) -> None:
        self._light.set(self.brightness.value(), self.contrast.value())

    def _read(self) -> None:
        light = self._light
        for slider, value in ((self.brightness, light.brightness), (self.contrast, light.contrast)):
            blocked = slider.blockSignals(True)
            slider.setValue(value)
            slider.blockSignals(blocked)
        self.reset.setEnabled(not light.neutral)
        self.pin.setChecked(light.pinned)


def _slider(tip: str) -> QSlider:
    made = QSlider(Qt.Orientation.Horizontal)
    made.setRange(-MOST, MOST)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.setMinimumWidth(40)
    return made


def header_button(tip: str) -> QToolButton:
    """Make a small square button that leaves the keyboard to the canvas."""
    made = QToolButton()
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.setFixedSize(QSize(SIDE, SIDE))
    made.setIconSize(QSize(SIDE - 6, SIDE - 6))
    return made


def light_icon(colour: str, what: str) -> QIcon:
    """Draw a ``sun``, a ``pin``, or an arrow that turns ``back``."""
    picture = QPixmap(32, 32)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(colour), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    if what == "pin":
        painter.drawEllipse(QPointF(16, 10), 7, 7)
        painter.drawLine(QPointF(16, 17), QPointF(16, 29))
    elif what == "sun":
        painter.translate(16, 16)
        painter.drawEllipse(QPointF(0, 0), 6, 6)
        for _ in range(8):
            painter.drawLine(QPointF(0, 11), QPointF(0, 14))
            painter.rotate(45)
    else:
        painter.drawArc(QRectF(5, 5, 22, 22), 16 * 150, -16 * 270)
        head = QPainterPath(QPointF(3, 4))
        head.lineTo(QPointF(6, 12))
        head.lineTo(QPointF(14, 10))
        painter.drawPath(head)
    painter.end()
    return QIcon(picture)
