"""Plots that grow while a round runs: its losses, its discriminator, its validation by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QSizePolicy

from napari_skinseg.views.curve_names import Curve, explanation, short_name
from napari_skinseg.widgets.chart import SHARE_TICKS, Chart, readable
from napari_skinseg.widgets.plotting import pg

if TYPE_CHECKING:
    from collections.abc import Mapping

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
NO_BREAK = "\u00a0"


class LiveChart(Chart):
    """Curves of the round that runs now, or ran last; a legend in the title names each with its colour.

    Parameters
    ----------
    name
        Of what is drawn.
    main
        The curve drawn thick and in the theme's ink, where there is one.
    """

    def __init__(self, name: str, empty: str, *, main: str = "", theme: str = "dark") -> None:
        super().__init__(name, empty, theme=theme)
        elided, self.title = self.title, QLabel(name)
        layout = self.layout()
        assert layout is not None
        layout.replaceWidget(elided, self.title)
        elided.deleteLater()
        self.title.setTextFormat(Qt.TextFormat.RichText)
        self.title.setWordWrap(True)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.name, self.main = name, main
        self.lines: dict[str, pg.PlotDataItem] = {}
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

    def add(self, values: Mapping[str, Curve]) -> None:
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
            self._show_legend()

    def _line(self, name: str) -> pg.PlotDataItem:
        if name not in self.lines:
            width = 2 if name == self.main else 1.5
            self.lines[name] = self.plot.plot(pen=pg.mkPen(self._colour(name), width=width))
        return self.lines[name]

    def _colour(self, name: str) -> str:
        if name == self.main:
            return self.ink
        return str(readable(CURVE_COLOURS.get(name, SPARE_COLOUR), self.ink).name())

    def _show_legend(self) -> None:
        """Put the legend into the title, and the meaning of its names into the tooltip."""
        last = {name: self.points[name][-1][1] for name in self._in_legend_order() if self.points[name]}
        self.title.setToolTip(
            "".join(
                f"<p>{short_name(name)} {value:.3g}: {explanation(name)}</p>" for name, value in last.items()
            )
        )
        if list(last) == [self.main]:
            self.title.setText(f"{self._prefix}: {last[self.main]:.2f}")
            return
        parts = [
            f'<span style="color:{self._colour(name)}">{whole(short_name(name))}'
            f"{f'{NO_BREAK}{value:.2f}' if name == self.main else ''}</span>"
            for name, value in last.items()
        ]
        self.title.setText(f"{self._group}: {' · '.join(parts)}")

    def _in_legend_order(self) -> list[str]:
        known = [self.main, *CURVE_COLOURS]
        return sorted(self.points, key=lambda name: known.index(name) if name in known else len(known))


def whole(name: str) -> str:
    """Return a name that no line breaks."""
    return name.replace(" ", NO_BREAK)


class LossChart(LiveChart):
    """The training loss, and the terms that it is made of."""

    def __init__(self, *, theme: str = "dark") -> None:
        super().__init__("error while learning", "draws itself while a round runs", main="loss", theme=theme)
        self.name = "error"


class ShareChart(LiveChart):
    """Shares between 0 and 1: a discriminator's answers, or validation by epoch; hidden without any."""

    def __init__(self, name: str, *, theme: str = "dark") -> None:
        super().__init__(name, "draws itself while a round runs", theme=theme)
        self.plot.setYRange(0, 1.05, padding=0)
        self.plot.getAxis("left").setTicks(SHARE_TICKS)
        self.hide()

    def add(self, values: Mapping[str, Curve]) -> None:
        """Append new pairs; without any the chart makes room for the others."""
        super().add(values)
        self.setVisible(bool(self.points))
