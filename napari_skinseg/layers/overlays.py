"""Overlay layers of the likely errors and the boxes, made when first wanted and never edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from napari.layers import Image, Shapes
from napari.utils.colormaps import Colormap

from napari_skinseg.layers import napari_undo
from napari_skinseg.layers.prediction_extras import NO_EXTRAS, PredictionExtras, box_corners, box_label

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_skinseg.layers.layers import WorkspaceLayers
    from trainer.labels.classes import ClassSet

T = TypeVar("T")

ERRORS, BOXES = "likely errors", "boxes"
ERROR_COLOURS = ((1.0, 0.2, 0.6, 0.0), (1.0, 0.2, 0.6, 0.0), (1.0, 0.2, 0.6, 0.75), (1.0, 1.0, 1.0, 0.9))
ERROR_STOPS = (0.0, 0.35, 0.8, 1.0)
"""Nothing is drawn where the discriminator has no doubt to speak of."""
EDGE_SHARE = 1 / 250
TEXT = {"string": "{label}", "size": 10, "color": "white", "anchor": "center"}
"""In the middle: at a corner it would be cut off at the photo's edge, and boxes often share corners."""


class Reader(Protocol):
    """Runs work in a thread and applies its result on the main thread."""

    def read(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Run `work` in a thread; `done` follows on the main thread."""


class Overlays:
    """Layers for the prediction extras of the open photo. All methods belong to the main thread.

    Layers are made when first switched on and live as long as the session, hidden while there is nothing to
    show in them. They are never selected, and nothing can be drawn on them.

    Parameters
    ----------
    viewer
        Gets the layers on top.
    layers
        Adopt every overlay, before the viewer has it. No overlay is made while the annotation is drawn on.
    classes
        Names and colours of the boxes.
    reader
        The first Shapes layer of a process takes a second or more to make: that is done there.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        layers: WorkspaceLayers,
        classes: ClassSet,
        reader: Reader,
    ) -> None:
        self._viewer, self._layers = viewer, layers
        self._classes, self._reader = classes, reader
        self._extras, self._shape = NO_EXTRAS, (1, 1)
        self.wanted = {ERRORS: False, BOXES: False}
        self.errors: Image | None = None
        self.boxes: Shapes | None = None
        self._box_layer: Shapes | None = None
        self._making = self._due = self._peeking = False

    @property
    def available(self) -> dict[str, bool]:
        """Whether the open photo has such extras."""
        return {ERRORS: self._extras.error is not None, BOXES: bool(self._extras.boxes)}

    def show(self, extras: PredictionExtras, shape: tuple[int, int]) -> None:
        """Show another photo's extras, of (height, width) `shape`; what is switched on stays so."""
        self._extras, self._shape, self._due = extras, shape, False
        self._fill()

    def want(self, name: str, on: bool) -> None:
        """Switch one of the two on or off, for this photo and those that follow."""
        if self.wanted[name] != on:
            self.wanted[name] = on
            self._due = True
            self.poll()

    def peek(self, on: bool) -> None:
        """Hide the overlays while `on`, so that the bare photo is visible."""
        if on != self._peeking:
            self._peeking = on
            for name, layer in ((ERRORS, self.errors), (BOXES, self.boxes)):
                if layer is not None:
                    layer.visible = self._visible(name)

    def poll(self) -> None:
        """Apply a switch as soon as nothing is being drawn."""
        if self._due and not napari_undo.is_drawing(self._layers.annotation):
            self._due = False
            self._fill()

    def layers(self) -> list[Layer]:
        """Return the overlays made so far."""
        return [layer for layer in (self.errors, self.boxes) if layer is not None]

    def remove(self) -> None:
        """Take the layers out of the viewer."""
        self.wanted = dict.fromkeys(self.wanted, False)
        for layer in self.layers():
            layer.locked = False
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
        self.errors = self.boxes = None

    def _visible(self, name: str) -> bool:
        return self.wanted[name] and self.available[name] and not self._peeking

    def _fill(self) -> None:
        visible = {name: self._visible(name) for name in self.wanted}
        if visible[ERRORS] and self.errors is None:
            self.errors = _error_layer()
            self._layers.add_on_top(self.errors)
        if self.errors is not None:
            self._fill_errors(self.errors, visible[ERRORS])
        if visible[BOXES] and self.boxes is None and self._box_layer is None:
            self._make_boxes()
        elif visible[BOXES] and self.boxes is None:
            self.boxes = self._box_layer
            self._layers.add_on_top(self.boxes)
        if self.boxes is not None:
            self._fill_boxes(self.boxes, visible[BOXES])

    def _fill_errors(self, layer: Image, visible: bool) -> None:
        error = self._extras.error if visible else None
        layer.visible = layer.visible and visible  # hidden first: else the change of data is drawn too
        if layer.data is not error:
            layer.data = np.zeros(self._shape, np.uint8) if error is None else error
        layer.visible = visible

    def _fill_boxes(self, layer: Shapes, visible: bool) -> None:
        layer.visible = layer.visible and visible
        if len(layer.data):
            layer.selected_data = set()
            layer.data = []
        if visible:
            put_boxes(layer, self._extras, self._shape, self._classes)
            layer.visible = True
        layer.editable = False

    def _make_boxes(self) -> None:
        if not self._making:
            self._making = True
            self._reader.read(_box_layer, self._boxes_made)

    def _boxes_made(self, layer: Shapes) -> None:
        self._making = False
        self._box_layer, self._due = layer, True
        self.poll()


def put_boxes(layer: Shapes, extras: PredictionExtras, shape: tuple[int, int], classes: ClassSet) -> None:
    """Draw boxes into an empty layer: edges in the class's colour, name and probabilities at the corner."""
    layer.add_rectangles(
        [box_corners(box, shape) for box in extras.boxes],
        edge_color=[classes.colours[box.class_index] for box in extras.boxes],
        face_color="transparent",
        edge_width=max(1.0, max(shape) * EDGE_SHARE),
    )
    layer.features = {"label": [box_label(box, classes) for box in extras.boxes]}
    layer.text = TEXT


def _error_layer() -> Image:
    colours = Colormap(ERROR_COLOURS, name=ERRORS, controls=list(ERROR_STOPS))
    return Image(
        np.zeros((1, 1), np.uint8),
        name=ERRORS,
        colormap=colours,
        contrast_limits=(0, 255),
        blending="translucent",
        visible=False,
    )


def _box_layer() -> Shapes:
    return Shapes(ndim=2, name=BOXES, visible=False)
