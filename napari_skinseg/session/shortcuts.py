"""Keyboard shortcuts: the table of keys, and its bindings on the layers and the viewer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from napari.utils.key_bindings import coerce_keybinding

from napari_skinseg.layers.overlays import BOXES, ERRORS
from napari_skinseg.layers.palette import stored_values
from trainer.labels.values import NOT_LABELLED

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, MutableMapping

    from napari.components import ViewerModel
    from napari.layers import Layer
    from napari.utils.key_bindings import KeyBinding

    from trainer.labels.classes import ClassSet

    Action: TypeAlias = Callable[[object], Generator[None, None, None] | None]
    """A key's callback as napari takes it; code behind a ``yield`` runs when the key goes up."""
    Keymap: TypeAlias = MutableMapping[KeyBinding, Action]

PEEK = "H"
MOVING = ("Space", "N", "B", "Ctrl+Z", "T", "?", "Y")
"""Keys that make sense without a photo."""

SEQUENCES = {
    "Ctrl+Z": ("Control-Z",),
    "Shift+Ctrl+Z": ("Control-Shift-Z",),
    "[": ("[", "PageDown"),
    "]": ("]", "PageUp"),
    "?": ("/", "Shift-/", "F1"),
}
"""napari's spelling, where it differs. It cannot name "?", so the key itself and F1 stand for it; a dock can
add a Qt shortcut. Boards of many languages have no bracket without AltGr; every board has these two."""


class KeyRow(NamedTuple):
    """A row of the key table: the key, its description and its callback."""

    key: str
    sentence: str
    run: Callable[[], object]


class KeyActions(Protocol):
    """Actions of a session that have a key."""

    def select_class(self, value: int) -> None:
        """Select the class to paint; 0 erases."""

    def change_brush(self, steps: int) -> None:
        """Make the brush larger (steps > 0) or smaller."""

    def change_opacity(self, steps: int) -> None:
        """Make the annotation more (steps > 0) or less opaque."""

    def neutral_light(self) -> None:
        """Show the photo in its own brightness and contrast."""

    def toggle_map(self) -> None:
        """Show the small map of a zoomed photo, or put it away."""

    def toggle_peek(self) -> None:
        """Hide the annotation and the overlays, or show them again."""

    def toggle(self, name: str) -> None:
        """Switch an overlay on or off."""

    def follow_strokes(self) -> None:
        """Have the rest of the photo follow the strokes on it, or take that back."""

    def toggle_following(self) -> None:
        """Switch whether the rest follows every stroke."""

    def relabel_region(self, value: int) -> None:
        """Make the region under the mouse another class."""

    def rest_is_background(self) -> None:
        """Make background of everything that no person has decided."""

    def edit_region(self, name: str) -> None:
        """Change the shape of the region under the mouse."""

    def copy_photo_before(self) -> None:
        """Suggest the mask of the photo before."""

    def show_whole(self) -> None:
        """Show what is held back of the model's suggestion."""

    def drop_region(self) -> None:
        """Take the suggestion of the region under the mouse away."""

    def drop_suggestion(self) -> None:
        """Take the photo's whole suggestion away."""

    def take_tool(self, tool: str) -> None:
        """Take a tool in hand."""

    def toggle_select(self) -> None:
        """Take the tool Select in hand, or the brush again."""

    def next_proposal(self) -> None:
        """Show the next mask that Select proposes."""

    def paint_selection(self) -> None:
        """Paint what Select has found."""

    def escape(self) -> None:
        """Drop what is selected or half drawn."""

    def undo_or_take_back(self) -> None:
        """Undo the last step; directly after an accept, take that back."""

    def redo(self) -> None:
        """Redo the last undone step."""

    def accept_by_hand(self) -> None:
        """Accept the rest, save, show the next photo; where most is not labelled, ask first."""

    def back(self) -> None:
        """Open the photo before."""

    def save_part(self) -> None:
        """Save what is decided and stay."""

    def skip(self) -> None:
        """Leave the photo for another day."""

    def ask_for_note(self) -> None:
        """Flag the photo with a note."""

    def train_now(self) -> None:
        """Ask the trainer for a round."""

    def lock_under_cursor(self) -> None:
        """Lock or free the class under the mouse."""

    def request_layers(self) -> None:
        """Show napari's layer list and controls, or fold them away."""

    def request_help(self) -> None:
        """Show the key table."""


def key_table(actions: KeyActions, classes: ClassSet) -> list[KeyRow]:
    """Return the rows of the key table, in the order in which they are shown."""
    numbered = [(value, classes.names[value - 1]) for value in stored_values(classes) if value <= 9]
    relabel, edit = actions.relabel_region, actions.edit_region
    return [
        *(KeyRow(str(value), name, partial(actions.select_class, value)) for value, name in numbered),
        *(
            KeyRow(f"Alt+{value}", f"the region under the cursor is {name}", partial(relabel, value))
            for value, name in numbered
        ),
        KeyRow("P", "brush", partial(actions.take_tool, "paint")),
        KeyRow("G", "polygon", partial(actions.take_tool, "polygon")),
        KeyRow("A", "fill", partial(actions.take_tool, "fill")),
        KeyRow("W", "pick the class under the cursor", partial(actions.take_tool, "pick")),
        KeyRow("Q", "select a thing by a click, on or off", actions.toggle_select),
        KeyRow("Tab", "the next proposal of Select", actions.next_proposal),
        KeyRow("Enter", "paint what is selected (as a digit does), close a polygon", actions.paint_selection),
        KeyRow("Escape", "drop what is selected or half drawn", actions.escape),
        KeyRow("R", "the rest follows your strokes; again: take that back", actions.follow_strokes),
        KeyRow("Shift+R", "follow every stroke, on or off", actions.toggle_following),
        KeyRow("D", "the rest is background", actions.rest_is_background),
        KeyRow("C", "drop the suggestion of the region under the cursor", actions.drop_region),
        KeyRow("Shift+C", "drop the suggestion of this photo", actions.drop_suggestion),
        KeyRow("O", "fill the holes of the region under the cursor", partial(edit, "fill holes")),
        KeyRow("J", "drop the specks of the class under the cursor", partial(edit, "drop specks")),
        KeyRow("M", "smooth the region under the cursor", partial(edit, "smooth")),
        KeyRow("I", "grow the region under the cursor", partial(edit, "grow")),
        KeyRow("Shift+I", "shrink it", partial(edit, "shrink")),
        KeyRow("U", "suggest the mask of the photo before", actions.copy_photo_before),
        KeyRow("Shift+U", "show what is held back of the suggestion", actions.show_whole),
        KeyRow("0", "erase to not labelled", partial(actions.select_class, NOT_LABELLED)),
        KeyRow(
            "Space", "accept the rest, save, next; held, the mouse moves the photo", actions.accept_by_hand
        ),
        KeyRow("N", "accept the rest, save, next", actions.accept_by_hand),
        KeyRow("B", "back to the photo before", actions.back),
        KeyRow("S", "save the part, stay (also Ctrl+S)", actions.save_part),
        KeyRow("K", "skip this photo", actions.skip),
        KeyRow("F", "flag it with a note", actions.ask_for_note),
        KeyRow(PEEK, "hold to see the bare photo", actions.toggle_peek),
        KeyRow("[", "smaller brush (also Page Down)", partial(actions.change_brush, -1)),
        KeyRow("]", "larger brush (also Page Up)", partial(actions.change_brush, 1)),
        KeyRow(",", "less opaque", partial(actions.change_opacity, -1)),
        KeyRow(".", "more opaque", partial(actions.change_opacity, 1)),
        KeyRow("Z", "brightness and contrast back to neutral", actions.neutral_light),
        KeyRow("Shift+Z", "the small map of a zoomed photo, on or off", actions.toggle_map),
        KeyRow("E", "likely errors, on or off", partial(actions.toggle, ERRORS)),
        KeyRow("X", "boxes, on or off", partial(actions.toggle, BOXES)),
        KeyRow("Ctrl+Z", "undo; directly after an accept, take it back", actions.undo_or_take_back),
        KeyRow("Shift+Ctrl+Z", "redo", actions.redo),
        KeyRow("T", "train now", actions.train_now),
        KeyRow("L", "lock or free the class under the cursor", actions.lock_under_cursor),
        KeyRow("Y", "napari's layer list and controls, show or fold away", actions.request_layers),
        KeyRow("?", "this table (also F1)", actions.request_help),
    ]


class ReviewActions(Protocol):
    """Actions of a reviewer that have a key."""

    def approve(self) -> None:
        """Approve the mask that is shown."""

    def switch_reader(self) -> None:
        """Show the other reader's mask, or the first again."""


def reviewer_rows(actions: ReviewActions) -> list[KeyRow]:
    """Return the rows of the key table that only reviewers have."""
    return [
        KeyRow("V", "approve this mask", actions.approve),
        KeyRow("Shift+V", "the mask of the other reader, and back", actions.switch_reader),
    ]


class KeyBindings:
    """Binds rows on the layers and the viewer, over their own keys, which `release` restores.

    Parameters
    ----------
    viewer
        Keys work on it too when another layer, or none, is active.
    layers
        The layers whose own keys (digits are tools of a Labels layer) give way.
    """

    def __init__(self, viewer: ViewerModel, layers: Iterable[Layer]) -> None:
        self._keymaps: list[Keymap] = [viewer.keymap, *(layer.keymap for layer in layers)]
        self._bound: list[tuple[KeyBinding, Action]] = []
        self._before: list[tuple[Keymap, KeyBinding, Action | None]] = []

    def bind(self, rows: Iterable[KeyRow], held: dict[str, Callable[[bool], object]]) -> None:
        """Bind these rows and no others; a key in `held` acts while it is down (True, then False)."""
        self.release()
        for row in rows:
            action = _hold(held[row.key]) if row.key in held else _press(row.run)
            for sequence in SEQUENCES.get(row.key, (row.key,)):
                self._bound.append((coerce_keybinding(sequence), action))
        for keymap in self._keymaps:
            self._put(keymap)

    def add(self, layer: Layer) -> None:
        """Bind the keys on another layer too, now and from now on."""
        self._keymaps.append(layer.keymap)
        self._put(layer.keymap)

    def _put(self, keymap: Keymap) -> None:
        for key, action in self._bound:
            self._before.append((keymap, key, keymap.get(key)))
            keymap[key] = action

    def release(self) -> None:
        """Restore the bindings that were there before."""
        for keymap, key, before in reversed(self._before):
            if before is None:
                keymap.pop(key, None)
            else:
                keymap[key] = before
        self._before.clear()
        self._bound.clear()


def _press(run: Callable[[], object]) -> Action:
    def press(_: object) -> None:
        run()

    return press


def _hold(switch: Callable[[bool], object]) -> Action:
    def hold(_: object) -> Generator[None, None, None]:
        switch(True)
        yield
        switch(False)

    return hold
