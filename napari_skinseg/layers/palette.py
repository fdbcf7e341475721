"""The project's classes as napari shows them: a direct colormap over stored label values."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.colormaps import DirectLabelColormap

from trainer.labels.values import NOT_LABELLED

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from trainer.labels.classes import ClassSet


class TableColormap(DirectLabelColormap):  # type: ignore[misc]
    """A colormap looked up in a table: napari compiles a function for the first one, which takes seconds."""

    def _map_without_cache(self, values: NDArray[Any]) -> NDArray[np.float32]:
        colours = [self.color_dict.get(int(value), self.default_color) for value in values.ravel()]
        return np.array(colours, np.float32).reshape(*values.shape, 4)


def stored_values(classes: ClassSet) -> range:
    """Return the label values of the classes: 1 … count (0 is *not labelled*)."""
    return range(1, classes.count + 1)


def class_name(classes: ClassSet, value: int) -> str:
    """Return the name of a stored value; 0 and values of no class read "not labelled"."""
    return classes.names[value - 1] if 1 <= value <= classes.count else "not labelled"


def _rgba(colour: str) -> NDArray[np.float32]:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return np.array([*channels, 1.0], dtype=np.float32)


def colormap(classes: ClassSet, hidden: Collection[int] = ()) -> DirectLabelColormap:
    """Build the colormap of the annotation layer.

    Hiding a class only makes its colour transparent: the labels stay, and so does what is saved.

    Parameters
    ----------
    classes
        The project's class set.
    hidden
        Stored values drawn transparent.
    """
    clear = np.zeros(4, dtype=np.float32)
    colours: defaultdict[int | None, NDArray[np.float32]] = defaultdict(lambda: np.zeros(4, dtype=np.float32))
    colours[None] = clear
    colours[NOT_LABELLED] = clear
    for value, colour in zip(stored_values(classes), classes.colours, strict=True):
        colours[value] = clear if value in hidden else _rgba(colour)
    return TableColormap(color_dict=colours)
