"""Corrections that one key makes of a whole region, or of all that nobody has decided; one undo step each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_skinseg.layers import napari_undo
from napari_skinseg.layers.flood_fill import connected_area
from napari_skinseg.layers.palette import class_name
from napari_skinseg.layers.refresh import bounds
from trainer.labels.values import ACCEPTED, PROPOSED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_skinseg.layers.layers import WorkspaceLayers
    from napari_skinseg.layers.provenance import ProvenanceTracker
    from trainer.labels.classes import ClassSet

NOWHERE = "point at a region of the photo first"


class Corrections:
    """Corrections of the open photo. Each method returns a sentence for the status line.

    Parameters
    ----------
    layers
        The region meant is the one under the mouse.
    tracker
        Knows what a person has decided, and what is locked.
    classes
        For the names.
    """

    def __init__(self, layers: WorkspaceLayers, tracker: ProvenanceTracker, classes: ClassSet) -> None:
        self._layers, self._layer = layers, layers.annotation
        self._tracker = tracker
        self._classes = classes

    def relabel(self, value: int) -> str:
        """Give the region under the mouse another class, as a click of the bucket does."""
        seed = self._layers.pixel_under_cursor()
        if seed is None:
            return NOWHERE
        before = int(self._layer.data[seed])
        if before in self._tracker.locked:
            return f"{self._name(before)} is locked: L over it frees it"
        version = self._tracker.version
        area, box = connected_area(self._layer.data, seed)
        napari_undo.paint_area(self._layer, box, area, value)
        if self._tracker.version == version:
            return f"this region is {self._name(value)} already"
        return f"{self._name(before)} is now {self._name(value)}"

    def rest_is_background(self) -> str:
        """Make background of every pixel that no person has decided, suggestions included."""
        self._tracker.sync()
        left = self._tracker.array < ACCEPTED
        box = bounds(left)
        if box is None:
            return "every pixel is decided already"
        value = self._classes.background + 1
        version = self._tracker.version
        napari_undo.paint_area(self._layer, box, left[box], value)
        changed = self._tracker.version != version
        return f"the rest is {self._name(value)}" if changed else "what is left is locked: L frees a class"

    def drop_region(self) -> str:
        """Take the suggestion of the region under the mouse back to not labelled."""
        seed = self._layers.pixel_under_cursor()
        if seed is None:
            return NOWHERE
        self._tracker.sync()
        area, box = connected_area(self._layer.data, seed)
        chosen = area & (self._tracker.array[box] == PROPOSED)
        name = self._name(int(self._layer.data[seed]))
        return self._drop(chosen, box, f"dropped the suggested {name}", "nothing is suggested here")

    def drop_all(self) -> str:
        """Take the whole suggestion of the photo back to not labelled; what a person decided stays."""
        self._tracker.sync()
        chosen = self._tracker.array == PROPOSED
        whole = (slice(0, chosen.shape[0]), slice(0, chosen.shape[1]))
        return self._drop(chosen, whole, "dropped the suggestion of this photo", "nothing is suggested here")

    def _drop(self, chosen: NDArray[np.bool_], box: tuple[slice, slice], done: str, nothing: str) -> str:
        inner = bounds(chosen)
        if inner is None:
            return nothing
        place = tuple(
            slice(outer.start + part.start, outer.start + part.stop)
            for outer, part in zip(box, inner, strict=True)
        )
        self._tracker.drop((place[0], place[1]), chosen[inner])
        return done

    def _name(self, value: int) -> str:
        return class_name(self._classes, value)
