"""Palettes of masks that a program has renumbered: their colours say other classes than their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.errors import MaskError
from trainer.project.import_export.colour_masks import VOID, own_colours, voc_colours

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from trainer.labels.classes import ClassSet
    from trainer.labels.ids import Ids

__all__ = ["check_palette", "is_voc"]


def check_palette(
    path: Path, values: Sequence[int], palette: NDArray[np.uint8], meant: Ids, classes: ClassSet
) -> None:
    """Refuse a mask whose palette shows the classes' colours, or those of Pascal VOC, at other numbers.

    Painting programs, and those that make files smaller, write a palette of the colours that there are, in an
    order of their own: the picture looks the same, and every number means something else.

    Parameters
    ----------
    path : Path
        Named in errors.
    values : sequence of int
        That the mask holds.
    palette : NDArray of uint8
        (colours, 3), of the values from 0 on.
    meant : mapping of int to int
        Label of each value.
    classes : ClassSet
        Of the project.

    Raises
    ------
    MaskError
        If it was renumbered.
    """
    if not values or max(values) >= len(palette):
        return
    red, green, blue = palette[list(values)].astype(int).T
    shown = dict(zip(values, (red << 16 | green << 8 | blue).tolist(), strict=True))
    if len(set(shown.values())) < len(shown):  # colours that tell nothing apart say nothing
        return
    own, voc = own_colours(classes), {_number(colour): index for index, colour in enumerate(voc_colours())}
    voc[_number(VOID)] = len(voc) - 1
    ways: list[list[tuple[int, int, int | None]]] = [
        [(value, own[colour], meant.get(value)) for value, colour in shown.items() if colour in own],
        [(value, voc[colour], value) for value, colour in shown.items() if colour in voc],
    ]
    moved = [_first_moved(way) for way in ways if len(way) == len(shown)]
    if moved and None not in moved:
        raise MaskError(
            f"{path}: the colour of its value {moved[0]} is that of another class: a program has renumbered "
            "its palette; import it with --format colours, or say with --ids what each value means"
        )


def is_voc(palette: NDArray[np.uint8]) -> bool:
    """Whether a palette begins as that of Pascal VOC."""
    return [tuple(colour) for colour in palette[:4].tolist()] == voc_colours(4)


def _first_moved(way: Sequence[tuple[int, int, int | None]]) -> int | None:
    """Return the first value whose colour and number stand for two things."""
    return next((value for value, seen, said in way if seen != said), None)


def _number(colour: tuple[int, int, int]) -> int:
    return colour[0] << 16 | colour[1] << 8 | colour[2]
