"""The keys of an open photo: bound on our layers and the viewer, and given back at the end."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from napari.utils.key_bindings import coerce_keybinding

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer


class KeyRow(NamedTuple):
    """One line of the key table: what to press, what it does, and the deed."""

    key: str
    sentence: str
    run: Callable[[], object]


SEQUENCES = {
    "Ctrl+Z": ("Control-Z",),
    "Shift+Ctrl+Z": ("Control-Shift-Z",),
    "?": ("/", "Shift-/", "F1"),
}
"""napari's spelling, where it differs. It cannot name "?", so the key itself and F1 stand for it; a dock can
add a Qt shortcut."""


class KeyBindings:
    """Binds rows on the layers and the viewer; ours win, and what was there before comes back.

    Parameters
    ----------
    viewer
        Keys work on it too when another layer, or none, is active.
    layers
        The layers whose own keys (digits are tools of a Labels layer) give way.
    """

    def __init__(self, viewer: ViewerModel, layers: Iterable[Layer]) -> None:
        self._keymaps: list[dict[Any, Any]] = [viewer.keymap, *(layer.keymap for layer in layers)]
        self._bound: list[tuple[Any, Callable[..., object]]] = []
        self._before: list[tuple[dict[Any, Any], Any, Any]] = []

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

    def _put(self, keymap: dict[Any, Any]) -> None:
        for key, action in self._bound:
            self._before.append((keymap, key, keymap.get(key)))
            keymap[key] = action

    def release(self) -> None:
        """Give every key back to what it did before."""
        for keymap, key, before in reversed(self._before):
            if before is None:
                keymap.pop(key, None)
            else:
                keymap[key] = before
        self._before.clear()
        self._bound.clear()


def _press(run: Callable[[], object]) -> Callable[[object], None]:
    def press(_: object) -> None:
        run()

    return press


def _hold(switch: Callable[[bool], object]) -> Callable[[object], Generator[None, None, None]]:
    def hold(_: object) -> Generator[None, None, None]:
        switch(True)
        yield
        switch(False)

    return hold
