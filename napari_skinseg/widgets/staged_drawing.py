"""Drawing of a new photo in two turns of the event loop: first the photo, then its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer

if TYPE_CHECKING:
    import napari

    from napari_skinseg.session.session import AnnotationSession

LATE_MS = 200
"""Each turn ends after so long at the latest, milliseconds: a window that is out of sight is not drawn."""


class StagedDrawing(QObject):
    """Holds the labels of a new photo until the photo has been drawn, and threads until both are.

    At 12 megapixels the two textures together keep the main thread for more than 50 ms. The layers are not
    touched, only what draws the labels: hiding the layer would put its brush away. Strokes made meanwhile are
    kept, and appear with the labels. Without a graphics card OpenGL draws on the cores that saving and
    decoding would take: these begin when the new photo stands.

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
        self._session = session
        self._layer = session.annotation_layer
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._next)
        self.holding = False
        """Whether the labels are still to come."""
        session.photo_changed.connect(self.hold)
        self._viewer, self._native = viewer, canvas.native
        self._layer.mode, viewer.mouse_over_canvas = "paint", True  # compiles the brush before any photo
        self._draws.connect(self._brush_drawn, position="last")

    def hold(self) -> None:
        """Draw no labels until the photo has been drawn once."""
        if self._layer not in self._nodes:
            return
        self.holding = True
        self._nodes[self._layer].node.visible = False
        self._draws.connect(self._drawn, position="last")
        self._turn.start(LATE_MS)
        if self._session.current is not None:
            self._session.hold_threads()

    def release(self) -> None:
        """Draw the labels, where the layer is visible."""
        self.holding = False
        self._turn.start(LATE_MS)
        if self._layer in self._nodes:
            self._nodes[self._layer].node.visible = self._layer.visible

    def _brush_drawn(self, event: object) -> None:
        self._draws.disconnect(self._brush_drawn)
        self._viewer.mouse_over_canvas = self._native.underMouse()
        if self._session.current is None or self._session.project.read_only:
            self._layer.mode = "pan_zoom"

    def _drawn(self, event: object) -> None:
        self._turn.start(0)

    def _next(self) -> None:
        if self.holding:
            self.release()
        else:
            self._draws.disconnect(self._drawn)
            self._session.release_threads()
