"""What every key does while a photo is open: the window's key table and the bindings are made from this."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_skinseg.layers.overlays import BOXES, ERRORS
from napari_skinseg.layers.palette import NOT_LABELLED, stored_values
from napari_skinseg.session.shortcuts import KeyRow

if TYPE_CHECKING:
    from napari_skinseg.session.session import AnnotationSession

PEEK = "H"
MOVING = ("Space", "N", "B", "?")
"""Keys that make sense without a photo."""


def key_table(session: AnnotationSession) -> list[KeyRow]:
    """Return the rows of the key table, in the order in which they are shown."""
    names = session.project.classes.names
    classes = [
        KeyRow(str(value), names[value - 1], partial(session.select_class, value))
        for value in stored_values(session.project.classes)
        if value <= 9
    ]
    return [
        *classes,
        KeyRow("0", "erase to not labelled", partial(session.select_class, NOT_LABELLED)),
        KeyRow("Space", "accept the rest, save, next", session.accept_and_next),
        KeyRow("N", "accept the rest, save, next", session.accept_and_next),
        KeyRow("B", "back to the photo before", session.back),
        KeyRow("S", "save the part, stay", session.save_part),
        KeyRow("K", "skip this photo", session.skip),
        KeyRow("F", "flag it with a note", session.ask_for_note),
        KeyRow(PEEK, "hold to see the bare photo", lambda: session.peek(session.annotation_layer.visible)),
        KeyRow("[", "smaller brush", partial(session.change_brush, -1)),
        KeyRow("]", "larger brush", partial(session.change_brush, 1)),
        KeyRow(",", "less opaque", partial(session.change_opacity, -1)),
        KeyRow(".", "more opaque", partial(session.change_opacity, 1)),
        KeyRow("E", "likely errors, on or off", partial(session.toggle, ERRORS)),
        KeyRow("X", "boxes, on or off", partial(session.toggle, BOXES)),
        KeyRow("Ctrl+Z", "undo", session.undo),
        KeyRow("Shift+Ctrl+Z", "redo", session.redo),
        KeyRow("T", "train now", session.train_now),
        KeyRow("L", "lock or free the class under the cursor", session.lock_under_cursor),
        KeyRow("?", "this table (also F1)", session.help_requested.emit),
    ]
