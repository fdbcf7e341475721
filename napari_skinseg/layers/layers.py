"""Photo, confidence and annotation layer of the workspace, kept from photo to photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image, Labels
from psygnal import Signal

from napari_skinseg.layers import napari_undo
from napari_skinseg.layers.live_wire import LiveWire
from napari_skinseg.layers.mouse import Mouse
from napari_skinseg.layers.palette import colormap
from napari_skinseg.layers.pyramid import pyramid
from napari_skinseg.layers.screen_brush import ScreenBrush
from napari_skinseg.layers.status_words import StatusWords

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import NDArray

    from trainer.labels.classes import ClassSet

BLANK = (48, 64)
"""Size of the grey picture between photos, pixels."""


class WorkspaceLayers:
    """Photo, confidence and annotation layer of one viewer.

    Adding and removing layers leaks memory and takes half a second at 12 MP (napari #2027, #4485): the layers
    live as long as the session, and `show` swaps what they hold.

    Parameters
    ----------
    viewer
        The layers are added on top of what it holds.
    classes
        Names and colours of the annotation.
    brush_size, opacity
        At the beginning: brush diameter in pixels of the screen, opacity of the annotation.
    """

    adopted_layer = Signal(object)
    """A layer was adopted: `Layer`."""
    activated = Signal()
    """Another layer has become the active one."""

    def __init__(self, viewer: ViewerModel, classes: ClassSet, brush_size: int, opacity: float) -> None:
        self._viewer = viewer
        self._classes = classes
        blank = np.zeros(BLANK, np.uint8)
        self.photo = Image(_grey(), rgb=True, multiscale=True, name="photo")
        self.confidence = Image(
            blank, name="prediction confidence", colormap="inferno", contrast_limits=(0, 255), opacity=0.6
        )
        self.confidence.visible = False
        self.annotation = Labels(blank.copy(), name="annotation", colormap=colormap(classes), opacity=opacity)
        self.brush = ScreenBrush(viewer, self.annotation, brush_size)
        self.mouse = Mouse(viewer, self.annotation, self.brush)
        self.words = StatusWords(self.annotation, classes)
        self.annotation.metadata["class_set"] = classes.to_dict()  # for the writer of masks
        self.adopted: list[Layer] = []
        self._tool_before = ""
        self._view_before, self._panned_before = self._view, False
        self._fitted = self._view
        self._coarse: tuple[int, ...] | None = None
        self._keeps_view = False
        for layer in (self.photo, self.confidence, self.annotation):
            viewer.add_layer(layer)
            layer.locked = True  # against deletion by accident
        viewer.layers.selection.active = self.annotation
        viewer.layers.selection.events.active.connect(self._on_active)
        self.wire = LiveWire(self.annotation, self.photo)  # behind the polygon of the layer's picture

    def show(
        self,
        levels: list[NDArray[np.uint8]] | None,
        confidence: NDArray[np.uint8] | None,
        coarse: bool = False,
    ) -> None:
        """Show another photo, or the grey picture; the annotation is swapped by `ProvenanceTracker.start`.

        Parameters
        ----------
        levels
            The photo's pyramid, largest first, uint8 (height, width, 3).
        confidence
            uint8 (height, width) or nothing.
        coarse
            The photo itself is still to come: where a hand moves the view meanwhile, `fit` leaves it there.
        """
        size = None if levels is None else levels[0].shape
        self._keeps_view = self._coarse is not None and self._coarse == size and self._view != self._fitted
        self._coarse = size if coarse else None
        levels = _grey() if levels is None else levels
        level = self.photo.data_level
        self.photo.corner_pixels = np.array([[0, 0], levels[level].shape[:2]]) - [[0], [1]]
        self.photo.data = levels
        self.photo.data_level = level  # napari would draw the smallest first, and then once more
        empty = np.zeros(levels[0].shape[:2], np.uint8)
        self.confidence.data = empty if confidence is None else confidence

    @property
    def is_active(self) -> bool:
        """Whether the mouse works on the annotation."""
        return self._viewer.layers.selection.active is self.annotation

    def _on_active(self, event: object = None) -> None:
        self.activated.emit()

    def activate(self, show: bool = True) -> None:
        """Make the annotation the layer that the mouse works on: a tool of ours was asked for.

        One that is hidden has no tool; with `show` it is seen again.
        """
        if show and not self.annotation.visible:
            self.annotation.visible = True
        if not self.is_active:
            self._viewer.layers.selection.active = self.annotation

    def adopt(self, layer: Layer) -> None:
        """Fit a further layer along with these, and announce it so that it gets their keys."""
        self.adopted.append(layer)
        self.adopted_layer.emit(layer)

    def add_on_top(self, layer: Layer) -> None:
        """Adopt a layer, put it on top, and keep the selection, and with it the brush, where it was."""
        self.adopt(layer)
        chosen = self._viewer.layers.selection
        before, active = set(chosen), chosen.active
        self._viewer.add_layer(layer)
        chosen.active = active
        chosen.update(before)
        layer.locked = True

    def fit(self) -> None:
        """Bring the whole photo into view."""
        for layer in (self.photo, self.confidence, self.annotation, *self.adopted):
            if not layer.visible:  # napari keeps the old extent of a hidden layer until its scale is set
                layer.scale = layer.scale
        if self._keeps_view:
            self._keeps_view = False
            return
        self._viewer.reset_view()
        self._fitted = self._view

    def refit(self) -> None:
        """Fit again in a window of another size, unless a hand has moved or zoomed the photo since."""
        if self._view == self._fitted:
            self.fit()

    def colour(self, hidden: Collection[int]) -> None:
        """Colour the annotation, without the hidden classes."""
        self.annotation.colormap = colormap(self._classes, hidden)

    def pixel_under_cursor(self) -> tuple[int, int] | None:
        """Return row and column under the mouse, None outside the photo."""
        row, column = (
            round(float(c)) for c in self.annotation.world_to_data(self._viewer.cursor.position)[-2:]
        )
        height, width = self.annotation.data.shape
        return (row, column) if 0 <= row < height and 0 <= column < width else None

    def label_under_cursor(self) -> int:
        """Return the label under the mouse, 0 outside the photo."""
        pixel = self.pixel_under_cursor()
        return 0 if pixel is None else int(self.annotation.data[pixel])

    def hold_to_pan(self, drawing: bool) -> None:
        """Let the mouse pan, unless something is half drawn with the tool in hand."""
        self._view_before, self._panned_before = self._view, self.annotation.mouse_pan
        mode = str(self.annotation.mode)
        if not drawing and mode != "pan_zoom":
            self._tool_before = mode
            self.annotation.mode = "pan_zoom"
        if not napari_undo.is_stroking(self.annotation):  # the photo would move under the stroke
            self.annotation.mouse_pan = True

    def end_pan(self) -> bool:
        """Give the tool back, and return whether the view has moved."""
        if self._tool_before:
            self.annotation.mode, self._tool_before = self._tool_before, ""
        self.annotation.mouse_pan = self._panned_before
        return self._view != self._view_before

    @property
    def _view(self) -> tuple[float, ...]:
        camera = getattr(self._viewer, "scene", self._viewer).camera
        return (*camera.center, camera.zoom)

    def show_help(self, text: str) -> None:
        """Show a text in napari's status line, where napari would name keys of its own."""
        self.annotation.help = text
        if self._viewer.layers.selection.active is self.annotation:
            self._viewer.help = text

    def remove(self) -> None:
        """Take the layers out of the viewer."""
        self._viewer.layers.selection.events.active.disconnect(self._on_active)
        napari_undo.clear_history(self.annotation)
        for part in (self.mouse, self.brush, self.words, self.wire):
            part.close()
        for layer in (self.annotation, self.confidence, self.photo):
            layer.locked = False
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)


def _grey() -> list[NDArray[np.uint8]]:
    return pyramid(np.full((*BLANK, 3), 60, np.uint8))
