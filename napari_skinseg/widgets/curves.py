"""The trainer's plots side by side, and the picture that some recipes draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_skinseg.views.curve_names import Curve, group_curves
from napari_skinseg.widgets.class_chart import ClassChart
from napari_skinseg.widgets.live_chart import LiveChart, LossChart, ShareChart
from napari_skinseg.widgets.round_chart import RoundChart
from napari_skinseg.widgets.round_picture import RoundPicture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Curves(QWidget):
    """Plots and picture of the trainer in a row; those without anything to draw are hidden."""

    def __init__(self, colours: Sequence[str], *, theme: str = "dark", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rounds = RoundChart(colours, theme=theme)
        self.loss = LossChart(theme=theme)
        self.discriminator = ShareChart("believed", theme=theme)
        self.epochs = ShareChart("on validation photos", theme=theme)
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
        """Return the charts that grow while a round runs, by group of `group_curves`."""
        return {"loss": self.loss, "discriminator": self.discriminator, "epochs": self.epochs}

    def start(self, round_id: str | None, number: int) -> None:
        """Empty the live charts when another round runs."""
        for chart in self.live().values():
            chart.start(round_id, number)

    def add(self, values: Mapping[str, Curve]) -> None:
        """Add new points of a round to the charts that they belong to."""
        groups = group_curves(values)
        for group, chart in self.live().items():
            chart.add(groups.get(group, {}))

    def show_work(self, pretext: bool) -> None:
        """Make room for the picture while starting weights are made: no model comes of that."""
        self.rounds.setHidden(pretext)
        self.classes.setHidden(pretext)
