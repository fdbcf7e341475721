"""Brush and palette state: class, size, opacity, hidden and locked classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from napari_skinseg.layers import napari_undo
from napari_skinseg.layers.palette import class_name, stored_values
from trainer.labels.values import NOT_LABELLED

if TYPE_CHECKING:
    from napari_skinseg.layers.layers import WorkspaceLayers
    from napari_skinseg.layers.provenance import ProvenanceTracker
    from trainer.labels.classes import ClassSet

OPACITY_STEP = 0.1
KEYS = "1-9 class, 0 erase, Space accept and next, ? all keys"
POLYGON_KEYS = "click corners (Ctrl: along the edges); Enter or a double click closes it, Escape drops it"
"""Shown in napari's status line."""


class BrushState:
    """Brush and palette of the annotation layer.

    Parameters
    ----------
    layers
        Brush, opacity and colours are those of its annotation layer.
    tracker
        Holds the locked classes.
    classes
        The values that may be painted.
    """

    changed = Signal()
    """A value that a dock shows has changed."""
    notice = Signal(str, str)
    """Level and text for the status line."""

    def __init__(self, layers: WorkspaceLayers, tracker: ProvenanceTracker, classes: ClassSet) -> None:
        self._layers = layers
        self._layer = layers.annotation
        self._tracker = tracker
        self._classes = classes
        self.hidden: set[int] = set()
        self._peeking = False
        self._first = True
        self._was_visible = True
        self._layer.events.selected_label.connect(self._keep_to_classes)
        # Last: the viewer writes napari's own keys there, which are not in force while a photo is open.
        self._layer.events.mode.connect(self._show_keys, position="last")
        self._layer.events.mode.connect(self._drop_line)
        self._layers.brush.changed.connect(self.changed.emit)
        self._layers.activated.connect(self.changed.emit)
        self._show_keys()

    def close(self) -> None:
        """Stop following the layer."""
        self._layer.events.selected_label.disconnect(self._keep_to_classes)
        self._layer.events.mode.disconnect(self._show_keys)
        self._layer.events.mode.disconnect(self._drop_line)
        self._layers.brush.changed.disconnect(self.changed.emit)
        self._layers.activated.disconnect(self.changed.emit)

    def _show_keys(self, event: object = None) -> None:
        if str(self._layer.mode) == "polygon":
            self._layers.show_help(POLYGON_KEYS)
            self.notice.emit("info", POLYGON_KEYS)  # over the photo napari hides the help
        else:
            self._layers.show_help(KEYS)

    @property
    def locked(self) -> set[int]:
        """Stored values that painting never overwrites."""
        return self._tracker.locked

    @property
    def selected(self) -> int:
        """Stored value that the brush paints; 0 erases."""
        return int(self._layer.selected_label)

    def select(self, value: int, keep_tool: bool = False) -> None:
        """Select the class to paint, and the brush where no drawing tool is active, unless told to keep it.

        Raises
        ------
        ValueError
            If the class set has no such value.
        """
        if value != NOT_LABELLED and value not in stored_values(self._classes):
            raise ValueError(f"{value} is no class of {self._classes.name}: use 0 to {self._classes.count}")
        self._layers.activate(show=not self._peeking)
        self._layer.selected_label = value
        if not keep_tool and str(self._layer.mode) not in ("paint", "fill", "polygon"):
            self._layer.mode = "paint"
        self.changed.emit()

    def take(self, tool: str) -> None:
        """Take a tool of napari's in hand: paint, polygon, fill or pick; a half-drawn line is dropped."""
        self._layers.activate(show=not self._peeking)
        self._layer.mode = tool

    def begin_photo(self, writable: bool) -> None:
        """Take the brush in hand: a fill meant for the photo before must not wipe this one.

        On the first photo always, where it may be written; afterwards moving and Select stay.
        """
        mode = str(self._layer.mode)
        if mode in ("fill", "polygon", "pick", "erase") or (self._first and writable and mode == "pan_zoom"):
            self._layer.mode = "paint"
        self._first = False

    def set_visible(self, value: int, visible: bool) -> None:
        """Show or hide a class on the screen; what is saved stays the same."""
        before = set(self.hidden)
        (self.hidden.discard if visible else self.hidden.add)(value)
        if self.hidden != before:
            self._layers.colour(self.hidden)
            self.changed.emit()

    def set_locked(self, value: int, locked: bool) -> None:
        """Protect a finished class from the brush, or free it."""
        (self.locked.add if locked else self.locked.discard)(value)
        self.changed.emit()

    def lock_under_cursor(self) -> str:
        """Lock the class under the mouse, or free it; return a sentence that says so."""
        value = self._layers.label_under_cursor()
        if value == NOT_LABELLED:
            return "nothing to lock under the cursor"
        self.set_locked(value, value not in self.locked)
        name = class_name(self._classes, value)
        return f"{name} is locked" if value in self.locked else f"{name} is free again"

    def change_brush(self, steps: int) -> None:
        """Make the brush larger (steps > 0) or smaller."""
        self._layers.brush.change(steps)

    def change_opacity(self, steps: int) -> None:
        """Make the annotation more (steps > 0) or less opaque."""
        self._layer.opacity = min(1.0, max(0.0, round(self._layer.opacity + steps * OPACITY_STEP, 2)))
        self.changed.emit()

    def peek(self, on: bool) -> None:
        """Show the bare photo while `on`."""
        if on != self._peeking:
            self._peeking = on
            if on:
                self._was_visible = self._layer.visible
            self._layer.visible = self._was_visible and not on

    def poll(self) -> None:
        """Say it where the hand paints against a lock."""
        met, self._tracker.locks_met = self._tracker.locks_met, set()
        if met:
            names = " and ".join(class_name(self._classes, value) for value in sorted(met))
            self.notice.emit("info", f"{names} {'is' if len(met) == 1 else 'are'} locked: L over it frees it")

    def _drop_line(self, event: object = None) -> None:
        """Drop the corners of a polygon when another tool is taken in hand: it would be filled much later."""
        # While a look at the bare photo hides the layer, napari puts the tool away and gives it back.
        put_away = self._layer.visible and str(self._layer.mode) != "polygon"
        if put_away and napari_undo.drop_corners(self._layer):
            self.notice.emit("info", "the half-drawn polygon is dropped")

    def _keep_to_classes(self, event: object = None) -> None:
        """Follow napari's own label controls, but never beyond the class set."""
        if self._layer.selected_label > self._classes.count:
            self._layer.selected_label = self._classes.count
        self.changed.emit()
