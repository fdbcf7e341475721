"""Glance at the photo that is being opened: a coarse picture, there long before all of its pixels are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from psygnal import Signal

from napari_skinseg.layers.pyramid import LEVELS
from trainer.project.files.decode import decode_coarsely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_skinseg.layers.layers import WorkspaceLayers
    from napari_skinseg.session.background import Background
    from trainer.project.project import Project

COARSE = 1 << (LEVELS - 1)
"""The coarse picture is as many times smaller as the smallest level of a photo's pyramid: in a window that
holds the whole photo, the two look alike."""


class Glance:
    """Shows a coarse picture in place of the grey one. All methods belong to the main thread.

    It has the photo's size in the world, so that its pixels take their place without a move of the view.

    Parameters
    ----------
    project
        Decodes.
    layers
        Show it.
    background
        Its drawing thread is used: the reading ones decode the photo itself meanwhile.
    """

    shown = Signal()
    """A coarse picture is shown."""

    def __init__(self, project: Project, layers: WorkspaceLayers, background: Background) -> None:
        self._project, self._layers, self._background = project, layers, background
        self._wanted: int | None = None
        self.photo_id: int | None = None
        """The photo whose coarse picture is shown."""

    def at(self, photo_id: int) -> None:
        """Show a photo's coarse picture as soon as it is there, unless the photo itself comes first."""
        if photo_id != self._wanted:
            self.end()
            self._wanted = photo_id
            self._background.draw(
                lambda: coarse_levels(self._project, photo_id),
                lambda levels: self._show(photo_id, levels),
                lambda _: None,  # whoever opens the photo is told
            )

    def end(self) -> None:
        """Show no coarse picture any more, and none that is still on its way."""
        if self.photo_id is not None:
            self._layers.show(None, None)
        self.forget()

    def forget(self) -> None:
        """Leave what is shown: the photo itself has come."""
        self._wanted = self.photo_id = None

    def _show(self, photo_id: int, levels: list[NDArray[np.uint8]] | None) -> None:
        if photo_id == self._wanted and levels is not None:
            self.photo_id = photo_id
            self._layers.show(levels, None, coarse=True)
            self._layers.fit()
            self.shown.emit()


def coarse_levels(project: Project, photo_id: int) -> list[NDArray[np.uint8]] | None:
    """Return a pyramid of a photo's size made of a coarse picture; None where that would be no faster.

    Raises
    ------
    PhotoError
        If the photo cannot be read.
    """
    photo = project.photos.probe(photo_id)
    frame = decode_coarsely(photo.path, project.settings.photos.max_pixels, COARSE)
    if frame is None:
        return None
    small, columns, rows = Image.fromarray(frame.pixels), frame.header.width, frame.header.height
    levels = []
    for _ in range(LEVELS):
        levels.append(np.asarray(small.resize((columns, rows), Image.Resampling.NEAREST)))
        columns, rows = -(-columns // 2), -(-rows // 2)
    return levels
