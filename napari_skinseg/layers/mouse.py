"""Mouse on the photo: strokes to where the button is let go, the middle button, Shift and the wheel."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from napari.layers.labels._labels_constants import Mode
from napari.layers.labels._labels_mouse_bindings import pick
from napari.layers.labels._labels_utils import mouse_event_to_labels_coordinate

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from napari.components import ViewerModel
    from napari.layers import Labels
    from napari.utils.events import Event

    from napari_skinseg.layers.screen_brush import ScreenBrush

LEFT, MIDDLE = 1, 3
TABLE = (
    ("wheel", "zoom"),
    ("middle drag", "move the photo, with any tool"),
    ("Shift+wheel", "brush size"),
    ("right drag", "encircle and fill, with the brush"),
    ("Ctrl+click", "with the polygon, the line follows the photo's edges"),
)
"""What the mouse does beside the tool in hand, for the table of keys."""


class Mouse:
    """What the mouse does on the annotation layer, in place of napari's own ways where those lose strokes.

    Parameters
    ----------
    viewer
        Gets the middle button and the wheel, whatever layer is active.
    layer
        Painted on.
    brush
        Sized by Shift and the wheel.
    """

    def __init__(self, viewer: ViewerModel, layer: Labels, brush: ScreenBrush) -> None:
        self._viewer, self._brush = viewer, brush
        # On the instance, so that other Labels layers of the viewer stay as they are.
        layer._drag_modes = {
            **layer._drag_modes,
            Mode.PAINT: draw,
            Mode.ERASE: draw,
            Mode.FILL: draw,
            Mode.PICK: pick_left,
        }
        viewer.mouse_drag_callbacks.append(self._pan)
        viewer.mouse_wheel_callbacks.append(self._wheel)

    def close(self) -> None:
        """Leave the viewer."""
        self._viewer.mouse_drag_callbacks.remove(self._pan)
        self._viewer.mouse_wheel_callbacks.remove(self._wheel)

    def _pan(self, viewer: ViewerModel, event: Event) -> Generator[None, None, None]:
        """Move the photo with the middle button."""
        if event.button != MIDDLE:
            return
        camera, at = getattr(viewer, "scene", viewer).camera, np.array(event.pos[:2])
        before = np.array(camera.center)
        yield
        while event.type == "mouse_move":
            moved = (np.array(event.pos[:2]) - at) / camera.zoom
            camera.center = (*before[:-2], before[-2] - moved[1], before[-1] - moved[0])
            yield

    def _wheel(self, viewer: ViewerModel, event: Event) -> None:
        """Size the brush with Shift and the wheel; some systems turn that into a wheel to the side."""
        turned = float(np.sum(event.delta))
        if "Shift" in event.modifiers and turned:
            self._brush.change(1 if turned > 0 else -1)
            event.handled = True


def draw(layer: Labels, event: Event) -> Generator[None, None, None]:
    """Paint, erase or fill with the left button; a stroke reaches to where the button is let go.

    napari paints at moves of the mouse alone, and delays those: the end of a fast stroke came after the
    button, and was lost. The bucket fills where the button goes down, not where a trembling hand slides to.
    """
    encircling = layer._overlays["brush_stroke"].active
    if event.button != LEFT or encircling or layer.cursor == "circle_frozen":
        return
    erases = str(layer.mode) == "erase"
    label = layer.colormap.background_value if erases else layer.selected_label
    strokes = str(layer.mode) != "fill"
    at = mouse_event_to_labels_coordinate(layer, event)
    with layer.block_history(), _napari_keys_off(layer):
        layer._draw(label, at, at)
        yield
        while event.type == "mouse_move":
            at = _go_on(layer, event, label, at) if strokes else at
            yield
        if strokes:
            _go_on(layer, event, label, at)


@contextmanager
def _napari_keys_off(layer: Labels) -> Iterator[None]:
    """Let napari's own keys rest while a stroke is drawn: V would hide the layer, Ctrl+R move the photo."""
    layer.keymap[...] = _nothing  # for each key without a binding here; napari then asks nobody else
    try:
        yield
    finally:
        layer.keymap.pop(..., None)


def _nothing(layer: Labels) -> None:
    """Do nothing."""


def pick_left(layer: Labels, event: Event) -> None:
    """Pick the class under the mouse, with the left button only."""
    if event.button == LEFT:
        pick(layer, event)


def _go_on(layer: Labels, event: Event, label: int, last: object) -> object:
    """Paint from the last place to that of the event, and return it."""
    at = mouse_event_to_labels_coordinate(layer, event)
    if at is not None or last is not None:
        layer._draw(label, last, at)
    return at


def place_of(layer: Labels, event: Event) -> tuple[float, float]:
    """Return row and column of the photo under the mouse."""
    row, column = layer.world_to_data(event.position)[-2:]
    return float(row), float(column)


def apart(a: Sequence[float], b: Sequence[float]) -> float:
    """Pixels of the screen between two places, along the longer side."""
    return max(abs(float(one) - float(other)) for one, other in zip(a, b, strict=True))
