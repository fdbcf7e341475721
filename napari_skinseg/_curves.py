"""The trainer's three pictures: Dice by round, live loss, and the classes of the served model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import qtpy
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QFont
from qtpy.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget
from superqt import QElidingLabel

os.environ.setdefault("PYQTGRAPH_QT_LIB", {"pyqt6": "PyQt6", "pyside6": "PySide6"}.get(qtpy.API, ""))
import pyqtgraph as pg

from napari_skinseg._icons import theme_colour
from napari_skinseg.facts import plain
from napari_skinseg.trainer_view import ClassDice, RoundPoint

LOSS_POINTS = 2000
DARKEST = 0.35
SMALL = 8


def readable(colour: str, ink: str) -> Any:
    """Mix a class colour with the theme's ink until a thin line of it can be seen on the background."""
    mixed, toward = QColor(colour), QColor(ink)
    while abs(mixed.lightnessF() - toward.lightnessF()) > 1 - DARKEST:
        mixed = QColor.fromRgbF(
            *(0.9 * a + 0.1 * b for a, b in zip(mixed.getRgbF()[:3], toward.getRgbF()[:3], strict=True))
        )
    return mixed


class Chart(QWidget):
    """A titled plot that shows words while it has nothing to draw."""

    def __init__(self, title: str, empty: str, *, theme: str = "dark", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ink = theme_colour(theme, "text")
        self.title = QElidingLabel(title)
        self.words = QLabel(empty)
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
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
        self.stack.addWidget(self.words)
        self.stack.addWidget(self.plot)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title)
        layout.addWidget(self.stack, 1)

    def reveal(self, drawn: bool) -> None:
        """Show the plot, or the words that stand for it."""
        self.stack.setCurrentWidget(self.plot if drawn else self.words)


class RoundChart(Chart):
    """Validation Dice by round: macro thick, one thin line for each class; hollow where not served."""

    def __init__(self, colours: Sequence[str], **kwargs: Any) -> None:
        super().__init__(
            "validation Dice by round", "one point for each model, from the first round on", **kwargs
        )
        self.plot.setYRange(-0.05, 1.1, padding=0)
        self.plot.getAxis("left").setTicks([[(0, "0"), (0.5, ".5"), (1, "1")]])
        self.thin = [
            self.plot.plot(pen=pg.mkPen(readable(colour, self.ink), width=1.5)) for colour in colours
        ]
        self.macro = self.plot.plot(
            pen=pg.mkPen(self.ink, width=3), symbol="o", symbolSize=8, symbolPen=pg.mkPen(self.ink, width=1.5)
        )

    def show_points(self, points: Sequence[RoundPoint]) -> None:
        """Draw the models in order."""
        points = [point for point in points if point.macro is not None]
        self.reveal(bool(points))
        if not points:
            return
        x = list(range(1, len(points) + 1))
        brushes = [pg.mkBrush(self.ink if point.served else None) for point in points]
        self.macro.setData(x, [point.macro for point in points], symbolBrush=brushes)
        for place, line in enumerate(self.thin):
            values = [point.per_class[place] for point in points]
            line.setData(x, [float("nan") if v is None else v for v in values], connect="finite")
        every = max(1, len(points) // 12)
        self.plot.getAxis("bottom").setTicks([[(i, plain(points[i - 1].model_id)) for i in x[::every]]])
        self.plot.setXRange(0.7, len(points) + 0.3, padding=0)


class LossChart(Chart):
    """Training loss of the round that runs now, or ran last."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("loss, live", "draws itself while a round runs", **kwargs)
        self.line = self.plot.plot(pen=pg.mkPen(self.ink, width=1.5))
        self._round: str | None = None
        self._name = "loss, live"
        self._points: list[tuple[float, float]] = []

    @property
    def last_step(self) -> int:
        """Step up to which the loss is known, so that a refresh reads only what is new."""
        return int(self._points[-1][0]) if self._points else 0

    def start(self, round_id: str | None, number: int = 0) -> None:
        """Forget the curve when another round runs."""
        if round_id != self._round:
            self._round, self._points = round_id, []
            self._name = f"loss, round {number}" if round_id else "loss, live"
            self.title.setText(self._name)

    def add(self, values: Mapping[str, Sequence[tuple[float, float]]]) -> None:
        """Append new (step, value) pairs of ``loss``; a step drawn already is not drawn twice."""
        known = self._points[-1][0] if self._points else -1
        fresh = [pair for pair in values.get("loss", ()) if pair[0] > known]
        self._points = (self._points + list(fresh))[-LOSS_POINTS:]
        self.reveal(len(self._points) > 1)
        if fresh and len(self._points) > 1:
            self.line.setData(*zip(*self._points, strict=True))
            self.title.setText(f"{self._name}: {self._points[-1][1]:.2f}")


class ClassChart(Chart):
    """Bars of the served model's Dice by class, with an arrow against the model before."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            "Dice by class, against the model before", "waits for the first validated model", **kwargs
        )
        self.plot.showGrid(y=False)
        self.plot.setXRange(0, 1.3, padding=0)
        self.plot.hideAxis("bottom")
        self.plot.getAxis("left").setStyle(tickLength=0)
        self.plot.getAxis("left").setPen(None)
        self.bars = pg.BarGraphItem(x0=[], y=[], height=0.7, width=[])
        self.plot.addItem(self.bars)
        self.numbers: list[Any] = []

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

    def _number(self, at: int, row: ClassDice) -> Any:
        text = "not seen" if row.dice is None else f"{row.dice:.2f} {row.arrow}"
        item = pg.TextItem(text, color=self.ink, anchor=(0, 0.5))
        item.setFont(QFont(self.font().family(), SMALL))
        self.plot.addItem(item)
        item.setPos((row.dice or 0) + 0.01, at)
        return item


class Curves(QWidget):
    """The three pictures side by side."""

    def __init__(self, colours: Sequence[str], *, theme: str = "dark", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rounds = RoundChart(colours, theme=theme)
        self.loss = LossChart(theme=theme)
        self.classes = ClassChart(theme=theme)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        for chart, stretch in ((self.rounds, 4), (self.loss, 3), (self.classes, 3)):
            layout.addWidget(chart, stretch)
