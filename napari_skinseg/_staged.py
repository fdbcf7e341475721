"""A new photo is drawn in two turns of the event loop: first the photo, then its labels."""

from __future__ import annotations

from typing import Any

import napari
from qtpy.QtCore import QObject, QTimer

from napari_skinseg.session import AnnotationSession

LATE_MS = 200
"""Labels come after so long at the latest, milliseconds: a window nobody sees is not drawn."""


class StagedDrawing(QObject):
    """Holds the labels of a photo that has just come until the photo has been drawn.

    At 12 megapixels the two textures together keep the main thread for more than 50 ms. The layers are not
    touched, only what draws the labels: hiding the layer would put its brush away. Strokes made meanwhile are
    kept, and appear with the labels.

    Parameters
    ----------
    viewer
        A viewer with a window.
    session
        The session of that window.
    """

    def __init__(self, viewer: napari.Viewer, session: AnnotationSession) -> None:
        super().__init__()
        canvas = viewer.window._qt_viewer.canvas  # napari has no public way to what draws a layer
        self._nodes: Any = canvas.layer_to_visual
        self._draws: Any = canvas._scene_canvas.events.draw
        self._layer = session.annotation_layer
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.timeout.connect(self.release)
        session.photo_changed.connect(self.hold)

    @property
    def holding(self) -> bool:
        """The labels are still to come."""
        return self._late.isActive()

    def hold(self) -> None:
        """Draw no labels until the photo has been drawn once."""
        if self._layer in self._nodes:
            self._nodes[self._layer].node.visible = False
            self._draws.connect(self._drawn, position="last")
            self._late.start(LATE_MS)

    def release(self) -> None:
        """Draw the labels, where the layer is visible."""
        self._late.stop()
        self._draws.disconnect(self._drawn)
        if self._layer in self._nodes:
            self._nodes[self._layer].node.visible = self._layer.visible

    def _drawn(self, event: object) -> None:
        self._late.start(0)
