"""Brightness and contrast of the photo on the screen, for the eyes only: no pixel is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

if TYPE_CHECKING:
    from napari.layers import Image

MOST = 100
"""Largest value of either, both ways; 0 is neutral."""
DOUBLING = 50
"""So much doubles gamma or the range of values, or halves it."""
BRIGHTEST = 255.0


class PhotoLight:
    """Brightness (napari's gamma) and contrast (its limits) of a photo layer.

    Neutral again with the next photo, unless pinned. All methods belong to the main thread.

    Parameters
    ----------
    layer
        The photo, a pyramid of uint8 RGB.
    """

    changed = Signal()
    """Brightness, contrast or the pin is another."""

    def __init__(self, layer: Image) -> None:
        self._layer = layer
        self._photo_id: int | None = None
        self.brightness = self.contrast = 0
        self.pinned = False

    @property
    def neutral(self) -> bool:
        """Whether the photo is shown as it is."""
        return self.brightness == self.contrast == 0

    def set(self, brightness: int, contrast: int) -> None:
        """Set both, -100 (dark, flat) to 100 (bright, steep).

        Contrast grows about the photo's own mean: about a middle grey, dark skin would be black with it.
        """
        self.brightness, self.contrast = (min(MOST, max(-MOST, value)) for value in (brightness, contrast))
        middle, range_ = float(np.mean(self._layer.data[-1])), 2 ** (-self.contrast / DOUBLING)
        self._layer.gamma = 2 ** (-self.brightness / DOUBLING)
        self._layer.contrast_limits = (middle * (1 - range_), middle + (BRIGHTEST - middle) * range_)
        self.changed.emit()

    def reset(self) -> None:
        """Show the photo as it is."""
        if not self.neutral:
            self.set(0, 0)

    def pin(self, on: bool) -> None:
        """Keep what is set for the photos that follow, or not."""
        self.pinned = on
        self.changed.emit()

    def begin_photo(self, photo_id: int) -> None:
        """Begin with another photo; the same one, shown anew, changes nothing."""
        if photo_id != self._photo_id and not self.neutral:
            kept = (self.brightness, self.contrast) if self.pinned else (0, 0)
            self.set(*kept)  # about the mean of this photo
        self._photo_id = photo_id
