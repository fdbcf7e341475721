"""The trainer's plots: Dice by round, what a round tells while it runs, the served model's classes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import qtpy
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QFont
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget
from superqt import QElidingLabel

os.environ.setdefault("PYQTGRAPH_QT_LIB", {"pyqt6": "PyQt6", "pyside6": "PySide6"}.get(qtpy.API, ""))
import pyqtgraph as pg

from napari_skinseg.session.status import plain
from napari_skinseg.views.curve_names import group_curves, long, short
from napari_skinseg.views.trainer import ClassDice, RoundPoint
from napari_skinseg.widgets.icons import theme_colour
from napari_skinseg.widgets.round_picture import RoundPicture

LIVE_POINTS = 2000
CURVE_COLOURS = {
    "ce": "#4c9be8",
    "dice": "#3fb950",
    "l1": "#3fb950",
    "adv": "#d2689c",
    "gan": "#d2689c",
    "semi": "#e3b617",
    "d_loss": "#8a8f98",
    "d": "#8a8f98",
    "rpn": "#4c9be8",
    "cls": "#3fb950",
    "det": "#e3b617",
    "seg": "#d2689c",
    "d_real": "#3fb950",
    "d_fake": "#d2689c",
    "d_right": "#3fb950",
    "d_wrong": "#d2689c",
    "semi_share": "#e3b617",
    "epoch_loss": "#8a8f98",
    "epoch_iou": "#4c9be8",
}
"""In the order of the legend."""
SPARE_COLOUR = "#b392f0"
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


class LiveChart(Chart):
    """Curves of the round that runs now, or ran last; a legend in the title tells where each has got to.

    Parameters
    ----------
    name
        Of what is drawn.
    main
        The curve drawn thick and in the theme's ink, where there is one.
    """

    def __init__(self, name: str, empty: str, *, main: str = "", **kwargs: Any) -> None:
        super().__init__(name, empty, **kwargs)
        self.title.setTextFormat(Qt.TextFormat.RichText)
        self.title.setElideMode(Qt.TextElideMode.ElideNone)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.name, self.main = name, main
        self.lines: dict[str, Any] = {}
        self.points: dict[str, list[tuple[float, float]]] = {}
        self._round: str | None = None
        self._prefix = self._group = name

    @property
    def last_step(self) -> int:
        """Step up to which the curves are known, so that a refresh reads only what is new."""
        return max((int(points[-1][0]) for points in self.points.values() if points), default=0)

    def start(self, round_id: str | None, number: int = 0) -> None:
        """Forget the curves when another round runs."""
        if round_id != self._round:
            self._round, self.points = round_id, {}
            self._prefix = f"{self.name}, round {number}" if round_id else self.name
            self._group = f"round {number}" if self.main else self.name
            for line in self.lines.values():
                line.setData([], [])
            self.title.setText(self._prefix)
            self.reveal(False)

    def add(self, values: Mapping[str, Sequence[tuple[float, float]]]) -> None:
        """Append new (step, value) pairs of each curve; a step drawn already is not drawn twice."""
        for name, pairs in values.items():
            known = self.points.setdefault(name, [])
            last = known[-1][0] if known else -1
            if fresh := [pair for pair in pairs if pair[0] > last]:
                self.points[name] = known = (known + fresh)[-LIVE_POINTS:]
                self._line(name).setData(*zip(*known, strict=True))
        drawn = any(len(points) > 1 for points in self.points.values())
        self.reveal(drawn)
        if drawn:
            self._tell()

    def _line(self, name: str) -> Any:
        if name not in self.lines:
            width = 2 if name == self.main else 1.5
            self.lines[name] = self.plot.plot(pen=pg.mkPen(self._colour(name), width=width))
        return self.lines[name]

    def _colour(self, name: str) -> str:
        if name == self.main:
            return self.ink
        return str(readable(CURVE_COLOURS.get(name, SPARE_COLOUR), self.ink).name())

    def _tell(self) -> None:
        """Put the legend into the title, and what the names mean into its tooltip."""
        last = {name: self.points[name][-1][1] for name in self._in_order() if self.points[name]}
        self.title.setToolTip(
            "".join(f"<p>{short(name)} {value:.3g}: {long(name)}</p>" for name, value in last.items())
        )
        if list(last) == [self.main]:
            self.title.setText(f"{self._prefix}: {last[self.main]:.2f}")
            return
        parts = [
            f'<span style="color:{self._colour(name)}">{short(name)}'
            f"{f' {value:.2f}' if name == self.main else ''}</span>"
            for name, value in last.items()
        ]
        self.title.setText(f"{self._group}: {' · '.join(parts)}")

    def _in_order(self) -> list[str]:
        order = [self.main, *CURVE_COLOURS]
        return sorted(self.points, key=lambda name: order.index(name) if name in order else len(order))


class LossChart(LiveChart):
    """The training loss, and the terms that it is made of."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("loss, live", "draws itself while a round runs", main="loss", **kwargs)
        self.name = "loss"


class ShareChart(LiveChart):
    """Shares between 0 and 1, for what recipes with a discriminator, or with epochs, tell besides."""

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name, "draws itself while a round runs", **kwargs)
        self.plot.setYRange(0, 1.05, padding=0)
        self.plot.getAxis("left").setTicks([[(0, "0"), (0.5, ".5"), (1, "1")]])
        self.hide()

    def add(self, values: Mapping[str, Sequence[tuple[float, float]]]) -> None:
        """Append new pairs; without any the chart makes room for the others."""
        super().add(values)
        self.setVisible(bool(self.points))


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
    """The pictures side by side: those that have something to say."""

    def __init__(self, colours: Sequence[str], *, theme: str = "dark", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rounds = RoundChart(colours, theme=theme)
        self.loss = LossChart(theme=theme)
        self.discriminator = ShareChart("believed", theme=theme)
        self.epochs = ShareChart("validation by epoch", theme=theme)
        self.classes = ClassChart(theme=theme)
        self.picture = RoundPicture()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        for chart, stretch in (
            (self.rounds, 4),
            (self.loss, 4),
            (self.discriminator, 3),
            (self.epochs, 3),
            (self.classes, 3),
            (self.picture, 6),
        ):
            layout.addWidget(chart, stretch)

    def live(self) -> dict[str, LiveChart]:
        """The charts that grow while a round runs, by group of `group_curves`."""
        return {"loss": self.loss, "discriminator": self.discriminator, "epochs": self.epochs}

    def start(self, round_id: str | None, number: int) -> None:
        """Begin anew when another round runs."""
        for chart in self.live().values():
            chart.start(round_id, number)

    def add(self, values: Mapping[str, Sequence[tuple[float, float]]]) -> None:
        """Hand new points of a round to the charts that they belong to."""
        groups = group_curves(values)
        for group, chart in self.live().items():
            chart.add(groups.get(group, {}))

    def show_work(self, pretext: bool) -> None:
        """Make room for the picture while starting weights are made: no model comes of that."""
        self.rounds.setHidden(pretext)
        self.classes.setHidden(pretext)
