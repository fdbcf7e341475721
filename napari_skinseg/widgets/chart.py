"""The frame that all plots of the trainer share, and colours that can be seen on it."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QFont
from qtpy.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget
from superqt import QElidingLabel

from napari_skinseg.widgets.elements import wrapped_label
from napari_skinseg.widgets.icons import theme_colour
from napari_skinseg.widgets.plotting import pg

DARKEST = 0.35
"""Least lightness of a line where the theme's ink is white."""
SMALL = 8
"""Size of the numbers at the axes, in points."""
SHARE_TICKS = [[(0, "0"), (0.5, ".5"), (1, "1")]]
"""Ticks of an axis from 0 to 1."""


def readable(colour: str, ink: str) -> QColor:
    """Mix a class colour with the theme's ink until a thin line of it can be seen on the background."""
    mixed, toward = QColor(colour), QColor(ink)
    while abs(mixed.lightnessF() - toward.lightnessF()) > 1 - DARKEST:
        mixed = QColor.fromRgbF(
            *(0.9 * a + 0.1 * b for a, b in zip(mixed.getRgbF()[:3], toward.getRgbF()[:3], strict=True))
        )
    return mixed


class Chart(QWidget):
    """A titled plot, with a text in its place while there is nothing to draw."""

    def __init__(self, title: str, empty: str, *, theme: str = "dark", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ink = theme_colour(theme, "text")
        self.title: QLabel = QElidingLabel(title)
        self.empty = wrapped_label(empty)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.plot = pg.PlotWidget(background=theme_colour(theme, "background"))
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        self.plot.showGrid(y=True, alpha=0.2)
        self.plot.setMinimumHeight(60)
        for side in ("left", "bottom"):
            axis = self.plot.getAxis(side)
            axis.setTextPen(self.ink)
            axis.setTickFont(QFont(self.font().family(), SMALL))
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.plot)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title)
        layout.addWidget(self.stack, 1)

    def reveal(self, drawn: bool) -> None:
        """Show the plot, or the text that stands for it."""
        self.stack.setCurrentWidget(self.plot if drawn else self.empty)
