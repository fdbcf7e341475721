"""The plot of the served model: Dice of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtGui import QFont

from napari_skinseg.widgets.chart import SMALL, Chart, readable
from napari_skinseg.widgets.plotting import pg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_skinseg.views.trainer import ClassDice


class ClassChart(Chart):
    """Bars of the served model's Dice by class, with an arrow against the model before."""

    def __init__(self, *, theme: str = "dark") -> None:
        super().__init__(
            "Dice by class, against the model before", "waits for the first validated model", theme=theme
        )
        self.plot.showGrid(y=False)
        self.plot.setXRange(0, 1.3, padding=0)
        self.plot.hideAxis("bottom")
        self.plot.getAxis("left").setStyle(tickLength=0)
        self.plot.getAxis("left").setPen(None)
        self.bars = pg.BarGraphItem(x0=[], y=[], height=0.7, width=[])
        self.plot.addItem(self.bars)
        self.numbers: list[pg.TextItem] = []

    def show_classes(self, classes: Sequence[ClassDice]) -> None:
        """Draw one bar for each class."""
        self.reveal(any(row.dice is not None for row in classes))
        y = [len(classes) - place for place in range(len(classes))]
        self.plot.setYRange(0.5, len(classes) + 0.5, padding=0)
        self.plot.getAxis("left").setTicks([[(at, row.name) for at, row in zip(y, classes, strict=True)]])
        brushes = [pg.mkBrush(readable(row.colour, self.ink)) for row in classes]
        self.bars.setOpts(
            x0=[0] * len(y), y=y, width=[row.dice or 0 for row in classes], brushes=brushes, pen=None
        )
        for item in self.numbers:
            self.plot.removeItem(item)
        self.numbers = [self._number(at, row) for at, row in zip(y, classes, strict=True)]

    def _number(self, at: int, row: ClassDice) -> pg.TextItem:
        text = "not seen" if row.dice is None else f"{row.dice:.2f} {row.arrow}"
        item = pg.TextItem(text, color=self.ink, anchor=(0, 0.5))
        item.setFont(QFont(self.font().family(), SMALL))
        self.plot.addItem(item)
        item.setPos((row.dice or 0) + 0.01, at)
        return item
