"""Layer that shows what is selected and not painted yet: a small map, drawn at the photo's size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image
from napari.utils.colormaps import Colormap

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_skinseg.layers.layers import WorkspaceLayers

CLEAR, EDGE, INSIDE = (1.0, 1.0, 1.0, 0.0), (0.1, 0.1, 0.1, 0.9), (1.0, 1.0, 1.0, 0.45)
COLOURS = (CLEAR, CLEAR, EDGE, INSIDE, INSIDE)
STOPS = (0.0, 0.3, 0.5, 0.7, 1.0)
"""White inside, a dark line at the edge: seen on light and dark skin and over every class."""


class SelectionLayer:
    """The layer, made when something is first selected.

    Parameters
    ----------
    viewer
        Gets the layer on top.
    layers
        Adopt it before the viewer has it.
    """

    def __init__(self, viewer: ViewerModel, layers: WorkspaceLayers) -> None:
        self._viewer, self._layers = viewer, layers
        self._layer: Image | None = None

    def show(self, small: NDArray[np.float32], extent: tuple[float, float], shape: tuple[int, int]) -> None:
        """Show a map ``(h, w)``, above 0 inside, over a photo of a shape that takes up an extent of it."""
        layer = self._layer or self._make()
        rows, columns = (math.ceil(side) for side in extent)
        data = (small[:rows, :columns] > 0).astype(np.float32)
        layer.visible = False  # else the old map would be drawn at the new scale
        layer.data = data
        scale = np.array(shape) / extent
        layer.scale, layer.translate = scale, (scale - 1) / 2
        layer.visible = True

    def hide(self) -> None:
        """Show nothing, and take no room: a hidden layer counts when the photo is fitted into the window."""
        if self._layer is not None and self._layer.visible:
            self._layer.visible = False
            self._layer.data = np.zeros((2, 2), np.float32)
            self._layer.scale, self._layer.translate = (1.0, 1.0), (0.0, 0.0)

    def remove(self) -> None:
        """Take the layer out of the viewer."""
        if self._layer is not None and self._layer in self._viewer.layers:
            self._layer.locked = False
            self._viewer.layers.remove(self._layer)
        self._layer = None

    def _make(self) -> Image:
        colours = Colormap(np.array(COLOURS), controls=np.array(STOPS), name="selection")
        layer = Image(
            np.zeros((2, 2), np.float32),
            name="selection",
            colormap=colours,
            contrast_limits=(0, 1),
            interpolation2d="linear",
        )
        self._layers.add_on_top(layer)
        self._layer = layer
        return layer
