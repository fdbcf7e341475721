"""The plot of the models: validation Dice by round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_skinseg.session.status import model_number
from napari_skinseg.widgets.chart import SHARE_TICKS, Chart, readable
from napari_skinseg.widgets.plotting import pg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_skinseg.views.trainer import RoundPoint

TICKS = 12
"""Models that are named on the axis at most; of more, every second or third."""


class RoundChart(Chart):
    """Validation Dice by round: macro thick, one thin line for each class; hollow where not served."""

    def __init__(self, colours: Sequence[str], *, theme: str = "dark") -> None:
        super().__init__("agreement with your masks", "one point for each model", theme=theme)
        self.plot.setYRange(-0.05, 1.1, padding=0)
        self.plot.getAxis("left").setTicks(SHARE_TICKS)
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
        every = max(1, len(points) // TICKS)
        self.plot.getAxis("bottom").setTicks(
            [[(i, model_number(points[i - 1].model_id)) for i in x[::every]]]
        )
        self.plot.setXRange(0.7, len(points) + 0.3, padding=0)
