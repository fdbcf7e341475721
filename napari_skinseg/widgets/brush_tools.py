"""Brush size, opacity, and the tools of the annotation layer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QButtonGroup, QFormLayout, QVBoxLayout, QWidget
from superqt import QLabeledSlider

from napari_skinseg.layers.screen_brush import LARGEST
from napari_skinseg.widgets.elements import row_of
from napari_skinseg.widgets.icons import icon, theme_colour
from napari_skinseg.widgets.light_row import LightRow
from napari_skinseg.widgets.tool_button import ToolButton

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Labels

    from napari_skinseg.layers.light import PhotoLight

TOOLS = (
    ("paint", "paint", "Paint with the brush (P)"),
    ("fill", "fill", "Fill a connected area (A)"),
    (
        "polygon",
        "polygon",
        "Draw a polygon: a double click closes it, a right click takes a corner back, Ctrl follows edges (G)",
    ),
    ("pick", "picker", "Pick the class under the cursor (W)"),
)
SELECT = "select"
SELECT_TIP = "Click a thing and paint it with Enter or a digit (Q)"


class Hand(Protocol):
    """The session's side: what the tools do, always to the annotation layer."""

    @property
    def brush_size(self) -> int:
        """Diameter of the brush in pixels of the screen."""

    @property
    def light(self) -> PhotoLight:
        """Brightness and contrast of the photo."""

    def set_brush(self, size: int) -> None:
        """Set that diameter."""

    def take_tool(self, tool: str) -> None:
        """Take a tool in hand."""

    def toggle_select(self) -> None:
        """Take the tool *Select* in hand, or put it away."""


class BrushTools(QWidget):
    """Sliders and tool buttons that follow a napari Labels layer.

    Parameters
    ----------
    hand
        Sizes the brush and takes the tools.
    """

    def __init__(self, hand: Hand, *, theme: str = "dark", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layer: Labels | None = None
        self._hand, self._selecting, self._any_tool = hand, False, True
        self.brush = QLabeledSlider(Qt.Orientation.Horizontal)
        self.brush.setRange(1, LARGEST)
        self.brush.setToolTip("Brush size in pixels of the screen ( [ and ], or Shift and the wheel)")
        self.opacity = QLabeledSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setToolTip("Opacity of the annotation in percent ( , and . )")
        self.group = QButtonGroup(self)
        self.group.setExclusive(True)
        self.buttons: dict[str, ToolButton] = {}

        sliders = QFormLayout()
        sliders.setContentsMargins(0, 0, 0, 0)
        sliders.addRow("brush", self.brush)
        sliders.addRow("opacity", self.opacity)
        self.light = LightRow(hand.light, theme=theme)
        sliders.addRow("light", self.light)
        self._sliders, self._light_wanted = sliders, False
        hand.light.changed.connect(self._show_light)
        self._show_light()
        tools = [self._tool_button(mode, tip, partial(self._take, mode)) for mode, _, tip in TOOLS]
        select = self._tool_button(SELECT, SELECT_TIP, hand.toggle_select)
        row = row_of(*((tool, 1) for tool in (*tools, select)))
        row.setSpacing(4)
        self.set_theme(theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(sliders)
        layout.addLayout(row)

        self.brush.valueChanged.connect(self._set_brush)
        self.opacity.valueChanged.connect(self._set_opacity)
        self.setEnabled(False)

    def _tool_button(self, mode: str, tip: str, run: Callable[[], None]) -> ToolButton:
        made = ToolButton(mode, tip)
        made.setCheckable(True)
        made.clicked.connect(lambda: run())
        self.group.addButton(made)
        self.buttons[mode] = made
        return made

    def set_theme(self, theme: str) -> None:
        """Draw the icons for a napari theme."""
        for mode, picture, _ in (*TOOLS, (SELECT, "select", "")):
            self.buttons[mode].setIcon(icon(picture, theme_colour(theme, "icon")))
        self.light.set_theme(theme)

    def be_low(self, low: bool) -> None:
        """Take less room, in a low window."""
        self._sliders.setVerticalSpacing(1 if low else -1)
        layout = self.layout()
        assert layout is not None
        layout.setSpacing(3 if low else -1)

    def want_light(self, on: bool) -> None:
        """Show the row of brightness and contrast, or hide it once the photo is shown as it is."""
        self._light_wanted = on
        self._show_light()

    def _show_light(self) -> None:
        light = self._hand.light
        self._sliders.setRowVisible(self.light, self._light_wanted or light.pinned or not light.neutral)

    def follow(self, layer: Labels | None) -> None:
        """Show and set `layer` from now on; None: no layer, and disabled."""
        if layer is self._layer:
            return
        if self._layer is not None:
            for event in (self._layer.events.mode, self._layer.events.brush_size, self._layer.events.opacity):
                event.disconnect(self._read)
        self._layer = layer
        self.setEnabled(layer is not None)
        if layer is not None:
            for event in (layer.events.mode, layer.events.brush_size, layer.events.opacity):
                event.connect(self._read)
            self._read()

    def show_in_hand(self, selecting: bool, any_tool: bool) -> None:
        """Show whether *Select* is in hand, and whether any tool is: with another layer active none is."""
        if (selecting, any_tool) != (self._selecting, self._any_tool):
            self._selecting, self._any_tool = selecting, any_tool
            self._read()

    def _read(self, event: object = None) -> None:
        layer = self._layer
        if layer is None:
            return
        for slider, value in (
            (self.brush, self._hand.brush_size),
            (self.opacity, round(layer.opacity * 100)),
        ):
            blocked = slider.blockSignals(True)
            slider.setValue(value)
            slider.blockSignals(blocked)
        self.group.setExclusive(False)
        for mode, tool in self.buttons.items():
            chosen = self._selecting if mode == SELECT else str(layer.mode) == mode
            tool.setChecked(chosen and self._any_tool)
        self.group.setExclusive(True)

    def _set_brush(self, value: int) -> None:
        if self._layer is not None:
            self._hand.set_brush(value)

    def _set_opacity(self, value: int) -> None:
        if self._layer is not None:
            self._layer.opacity = value / 100

    def _take(self, tool: str) -> None:
        if self._layer is not None:
            self._hand.take_tool(tool)
            self._read()  # a tool that could not be taken is not lit
