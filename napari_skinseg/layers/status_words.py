"""Words of napari's status line: the class under the mouse by its name, and notices that stay a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from napari_skinseg.layers.palette import class_name

if TYPE_CHECKING:
    from napari.layers import Labels

    from trainer.labels.classes import ClassSet

NOTICE_SECONDS = 4.0
"""For so long a notice stays where the class under the mouse would be told."""


class StatusWords:
    """What the annotation layer tells napari's status line.

    Parameters
    ----------
    layer
        The annotation layer.
    classes
        For the names.
    """

    def __init__(self, layer: Labels, classes: ClassSet) -> None:
        self._layer, self._classes = layer, classes
        self._napari = layer.get_status
        self._notice, self._until = "", 0.0
        layer.get_status = self._status

    def close(self) -> None:
        """Give the layer its own words back."""
        self._layer.__dict__.pop("get_status", None)

    def keep(self, text: str) -> None:
        """Keep a notice for a few seconds, though the mouse moves."""
        self._notice, self._until = text, time.monotonic() + NOTICE_SECONDS

    def forget(self) -> None:
        """Let the class under the mouse be told again."""
        self._until = 0.0

    def _status(self, position: Any = None, **given: Any) -> dict[str, str]:
        """Answer as napari's `get_status`, which asks from a thread of its own."""
        status: dict[str, str] = self._napari(position, **given)
        if time.monotonic() < self._until:
            words = self._notice
        else:
            value = self._layer.get_value(position, **given) if position is not None else None
            words = "" if value is None else class_name(self._classes, int(value))
        return {**status, "coordinates": words, "value": words}
