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
        self._notice, self._until, self._goes_with_stroke = "", 0.0, False
        layer.get_status = self._status
        layer.mouse_drag_callbacks.append(self._on_press)

    def close(self) -> None:
        """Give the layer its own words back."""
        self._layer.__dict__.pop("get_status", None)
        self._layer.mouse_drag_callbacks.remove(self._on_press)

    def keep(self, text: str) -> None:
        """Keep a notice for a few seconds, though the mouse moves."""
        self._notice, self._until = text, time.monotonic() + NOTICE_SECONDS
        self._goes_with_stroke = False

    def forget_with_stroke(self) -> None:
        """Keep this notice no longer than until the next stroke, after which it is not true any more."""
        self._goes_with_stroke = True

    def forget(self) -> None:
        """Let the class under the mouse be told again."""
        self._until = 0.0

    def _on_press(self, layer: Labels, event: object) -> None:
        if self._goes_with_stroke:
            self.forget()

    def _status(self, position: Any = None, **given: Any) -> dict[str, str]:
        """Answer as napari's `get_status`, which asks from a thread of its own."""
        status: dict[str, str] = self._napari(position, **given)
        if time.monotonic() < self._until:
            words = self._notice
        else:
            value = self._layer.get_value(position, **given) if position is not None else None
            words = "" if value is None else class_name(self._classes, int(value))
        return {**status, "coordinates": words, "value": words}
