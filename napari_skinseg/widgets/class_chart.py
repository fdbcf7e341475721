"""The plot of the served model: agreement of each class, as bars, or as words where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtGui import QFont, QFontMetrics

from napari_skinseg.widgets.chart import SMALL, Chart, readable
from napari_skinseg.widgets.elements import wrapped_label
from napari_skinseg.widgets.plotting import pg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QResizeEvent

    from napari_skinseg.views.trainer import ClassDice


class ClassChart(Chart):
    """Bars of the served model's Dice by class, with an arrow against the model before.

    Where the rows would lie upon each other it is a text instead.
    """

    def __init__(self, *, theme: str = "dark") -> None:
        super().__init__(
            "by class (▲ ▼ since last)",
            "waits for the first model",
            theme=theme,
        )
        self.plot.showGrid(y=False)
        self.plot.setXRange(-0.55, 1.3, padding=0)
        self.plot.hideAxis("bottom")
        self.plot.hideAxis("left")  # it would leave names out where they stand close
        self.bars = pg.BarGraphItem(x0=[], y=[], height=0.7, width=[])
        self.plot.addItem(self.bars)
        self.words = wrapped_label()
        self.stack.addWidget(self.words)
        self.names: list[pg.TextItem] = []
        self.numbers: list[pg.TextItem] = []
        self._classes: Sequence[ClassDice] = ()

    def show_classes(self, classes: Sequence[ClassDice]) -> None:
        """Draw one bar for each class."""
        self._classes = classes
        y = [len(classes) - place for place in range(len(classes))]
        self.plot.setYRange(0.5, len(classes) + 0.5, padding=0)
        brushes = [pg.mkBrush(readable(row.colour, self.ink)) for row in classes]
        self.bars.setOpts(
            x0=[0] * len(y), y=y, width=[row.dice or 0 for row in classes], brushes=brushes, pen=None
        )
        for item in (*self.names, *self.numbers):
            self.plot.removeItem(item)
        rows = list(zip(y, classes, strict=True))
        self.names = [self._text(row.name, -0.02, at, (1, 0.5)) for at, row in rows]
        self.numbers = [
            self._text(number_text(row), (row.dice or 0) + 0.01, at, (0, 0.5)) for at, row in rows
        ]
        self.words.setText(", ".join(f"{row.name} {number_text(row)}" for row in classes))
        self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Qt: choose bars or words for the height there is."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        seen = any(row.dice is not None for row in self._classes)
        self.reveal(seen)
        row_height = QFontMetrics(QFont(self.font().family(), SMALL)).ascent()
        if seen and self.stack.height() < row_height * len(self._classes):
            self.stack.setCurrentWidget(self.words)

    def _text(self, text: str, x: float, y: float, anchor: tuple[float, float]) -> pg.TextItem:
        item = pg.TextItem(text, color=self.ink, anchor=anchor)
        item.setFont(QFont(self.font().family(), SMALL))
        self.plot.addItem(item)
        item.setPos(x, y)
        return item


def number_text(row: ClassDice) -> str:
    """Write the Dice of a class and its arrow: ``0.81 ▲``."""
    return "not seen" if row.dice is None else f"{row.dice:.2f} {row.arrow}".rstrip()
