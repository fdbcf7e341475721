"""Brush that is as large on the screen as the hand has set it, at any zoom and on a photo of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels

BRUSH_STEP = 1.2
LARGEST = 200
"""Diameter on the screen, pixels; a slider ends there, too."""


class ScreenBrush:
    """Size of the brush in pixels of the screen; napari's own, in pixels of the photo, follows the zoom.

    Parameters
    ----------
    viewer
        Its camera knows the zoom.
    layer
        Has the brush. Where somebody else sets its size, that is the size on the screen from then on.
    size
        Diameter at the beginning, pixels of the screen.
    """

    changed = Signal()
    """The size on the screen is another."""

    def __init__(self, viewer: ViewerModel, layer: Labels, size: int) -> None:
        self._layer, self._camera = layer, getattr(viewer, "scene", viewer).camera
        self._size, self._fitting = float(size), False
        # napari 0.9 draws a black box amid the circle once a layer has come or gone
        canvas = getattr(viewer, "canvas", None)
        if canvas is not None and "_brush_circle" in canvas.overlays:
            canvas.overlays["_brush_circle"].box = False
        layer.events.brush_size.connect(self._follow)
        self._camera.events.zoom.connect(self.fit)
        self.fit()

    @property
    def size(self) -> int:
        """Diameter on the screen, pixels."""
        return max(1, round(self._size))

    def set(self, size: float) -> None:
        """Set the diameter on the screen, pixels."""
        self._size = min(float(LARGEST), max(1.0, size))
        self.fit()
        self.changed.emit()

    def change(self, steps: int) -> None:
        """Make the brush larger (steps > 0) or smaller; each step can be seen, on the photo too."""
        size, on_photo = self.size, self._layer.brush_size
        for _ in range(abs(steps)):
            larger, smaller = round(size * BRUSH_STEP), round(size / BRUSH_STEP)
            size = max(larger, size + 1) if steps > 0 else min(smaller, size - 1)
        self.set(size)
        if self._layer.brush_size == on_photo and abs(steps) == 1:  # enlarged: one pixel is wider than a step
            self.set((on_photo + steps) * self._camera.zoom)

    def fit(self, event: object = None) -> None:
        """Set napari's brush for the zoom as it is."""
        self._fitting = True
        try:
            self._layer.brush_size = max(1, round(self._size / self._camera.zoom))
        finally:
            self._fitting = False

    def close(self) -> None:
        """Stop following layer and camera."""
        self._layer.events.brush_size.disconnect(self._follow)
        self._camera.events.zoom.disconnect(self.fit)

    def _follow(self, event: object = None) -> None:
        if not self._fitting:
            self._size = max(1.0, self._layer.brush_size * self._camera.zoom)
            self.changed.emit()
