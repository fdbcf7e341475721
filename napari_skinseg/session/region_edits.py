"""Edits of the region under the mouse by one key, worked out in a thread; one undo step each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_skinseg.layers import napari_undo, region_shapes
from napari_skinseg.layers.corrections import NOWHERE
from napari_skinseg.layers.palette import class_name
from trainer.labels.values import NOT_LABELLED

if TYPE_CHECKING:
    from napari_skinseg.layers.layers import WorkspaceLayers
    from napari_skinseg.layers.provenance import ProvenanceTracker
    from napari_skinseg.layers.region_shapes import Change
    from napari_skinseg.session.background import Background
    from trainer.labels.classes import ClassSet

EDITS = {
    "fill holes": (region_shapes.fill_holes, "filled the holes of this {}", "this {} has no holes"),
    "drop specks": (region_shapes.drop_specks, "dropped the specks of {}", "there are no specks of {}"),
    "smooth": (region_shapes.smooth, "smoothed this {}", "this {} is smooth already"),
    "grow": (region_shapes.grow, "grew this {}", "this {} cannot grow"),
    "shrink": (region_shapes.shrink, "shrank this {}", "this {} cannot shrink"),
}
"""What works an edit out, and what is said of one that did something or nothing."""


class RegionEdits:
    """Edits of the open photo. All methods belong to the main thread.

    Parameters
    ----------
    layers, tracker, classes
        Of the window.
    background
        Works an edit out.
    """

    notice = Signal(str, str)
    """Level and text for the status line."""

    def __init__(
        self,
        layers: WorkspaceLayers,
        tracker: ProvenanceTracker,
        classes: ClassSet,
        background: Background,
    ) -> None:
        self._layers, self._layer = layers, layers.annotation
        self._tracker, self._classes, self._background = tracker, classes, background
        self._working = False

    def edit(self, name: str) -> None:
        """Carry out an edit of `EDITS` on the region under the mouse, as soon as it is worked out."""
        seed = self._layers.pixel_under_cursor()
        value = NOT_LABELLED if seed is None else int(self._layer.data[seed])
        if seed is None or value == NOT_LABELLED:
            self.notice.emit("info", NOWHERE)
            return
        if self._working:
            return  # a key that is held asks again before the first answer
        work_out, done, nothing = EDITS[name]
        self._tracker.sync()
        array, version = self._tracker.array, self._tracker.version
        labels, words = self._layer.data, class_name(self._classes, value)
        self._working = True

        def apply(change: Change | None) -> None:
            self._working = False
            self._tracker.sync()
            if self._tracker.array is not array or self._tracker.version != version:
                self.notice.emit("info", "the mask has changed meanwhile: press the key again")
            elif change is None:
                self.notice.emit("info", nothing.format(words))
            else:
                self._write(change)
                changed = self._tracker.version != version
                self.notice.emit(
                    "info", done.format(words) if changed else "a lock is in the way: L frees it"
                )
                self._tracker.locks_met.clear()

        # The thread only reads; a stroke meanwhile makes the answer stale.
        self._background.read(lambda: work_out(labels, seed), apply, self._failed)

    def _write(self, change: Change) -> None:
        """Paint the change under the brush's rule: locks hold, and what changes counts as painted."""
        with self._layer.block_history():
            for value in np.unique(change.labels[change.changed]):
                mask = change.changed & (change.labels == value)
                napari_undo.paint_area(self._layer, change.box, mask, int(value))
        self._tracker.sync()

    def _failed(self, error: BaseException) -> None:
        self._working = False
        self.notice.emit("warning", f"the region could not be changed: {error}")
