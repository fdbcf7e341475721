"""Access to the undo history of a napari Labels layer.

napari has no public way to clear the history, to add one step that changes an area, or to tell the pixels
that a step changed (napari #3155). All use of its private attributes is in this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import napari
import numpy as np

from napari_skinseg.layers.flood_fill import connected_area
from trainer.errors import SkinsegError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.layers import Labels
    from numpy.typing import NDArray

    BrushRule: TypeAlias = Callable[["Index", NDArray[np.uint8], NDArray[np.bool_], int], NDArray[np.bool_]]
    """(where, labels there, pixels under the brush, new label or -1) -> pixels that the brush may change."""

Atom: TypeAlias = "tuple[Any, ...]"
"""napari's unit of history: a `_MaskedPaintAtom`, or a tuple (indices, old values, new values)."""

Index: TypeAlias = "tuple[slice | NDArray[np.intp], ...]"
"""Index of an area (slices) or of single pixels (an array per axis)."""


class Edit(NamedTuple):
    """Pixels that one atom changed: `array[key][mask]`, or `array[key]` where `mask` is None."""

    key: Index
    mask: NDArray[np.bool_] | None

    def read(self, array: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Copy the edited pixels out of `array`."""
        region: NDArray[np.uint8] = array[self.key]
        chosen: NDArray[np.uint8] = region.copy() if self.mask is None else region[self.mask]
        return chosen

    def write(self, array: NDArray[np.uint8], values: NDArray[np.uint8] | int) -> None:
        """Set the edited pixels of `array`."""
        if self.mask is None:
            array[self.key] = values
        else:
            array[self.key][self.mask] = values


def edit_of(atom: Atom) -> Edit:
    """Return where an atom of napari's history made its change."""
    slice_key, mask = getattr(atom, "slice_key", None), getattr(atom, "mask", None)
    return Edit(tuple(atom[0]), None) if slice_key is None else Edit(slice_key, mask)


def undo_steps(layer: Labels) -> list[list[Atom]]:
    """Return the steps that can be undone, oldest first; each is a list of atoms."""
    return list(layer._undo_history)


def staged_atoms(layer: Labels) -> list[Atom]:
    """Return the atoms of the stroke that is being drawn (napari's own list: do not change it)."""
    atoms: list[Atom] = layer._staged_history
    return atoms


def all_atoms(layer: Labels) -> list[Atom]:
    """Return the atoms of all steps that can be undone or redone."""
    return [atom for step in (*layer._undo_history, *layer._redo_history) for atom in step]


def has_redo(layer: Labels) -> bool:
    """Return whether there is something to redo (a new step would discard it)."""
    return bool(layer._redo_history)


def clear_history(layer: Labels) -> None:
    """Forget undo and redo: an undo step must never write one photo's pixels into another."""
    layer._reset_history()
    # A polygon that was begun belongs to the photo before, too.
    layer._overlays["polygon"].points = []


def is_stroking(layer: Labels) -> bool:
    """Return whether a stroke is being drawn right now."""
    # A stroke of the right button (encircle and fill) is active before anything of it is staged.
    overlay = layer._overlays.get("brush_stroke")
    return bool(layer._block_history or layer._staged_history or (overlay is not None and overlay.active))


def is_drawing(layer: Labels) -> bool:
    """Return whether a stroke or a polygon is being drawn right now."""
    polygon = layer._overlays["polygon"]
    return is_stroking(layer) or (polygon.enabled and len(polygon.points) > 0)


def record_step(
    layer: Labels, key: tuple[slice, slice], old: NDArray[np.uint8], new: NDArray[np.uint8]
) -> Atom:
    """Change an area as one undo step and return its atom, without redrawing.

    The indices of the step are slices: 12 MP take milliseconds where an index per pixel takes 160 ms.

    Parameters
    ----------
    layer
        The annotation layer, its data a uint8 array (height, width).
    key
        The area.
    old, new
        uint8 values of the area before and after the step; they become part of the history.
    """
    atom = (key, old, new)
    layer.data[key] = new  # not by `data_setitem`, which would draw, and pass the brush rule
    layer._save_history(atom)
    return atom


def paint_area(layer: Labels, key: tuple[slice, slice], mask: NDArray[np.bool_], value: int) -> None:
    """Paint the pixels of a mask as one stroke of the brush would, under its rule; one undo step.

    Parameters
    ----------
    layer
        The annotation layer.
    key
        The area that the mask is of.
    mask
        bool (rows, columns).
    value
        The new label.
    """
    layer._paint_region_with_mask(key, mask, value, [0, 1])


def drop_line(layer: Labels) -> None:
    """Drop a polygon or a stroke that is half drawn, as napari's Escape does."""
    stroke = layer._overlays["brush_stroke"]
    if stroke.active:
        stroke.abort(layer)
    else:
        layer._overlays["polygon"].points = []


def corners(layer: Labels) -> list[list[float]]:
    """Return the corners of the polygon that is half drawn, row and column each; the mouse is the last."""
    return [list(point) for point in layer._overlays["polygon"].points]


def set_corners(layer: Labels, points: list[list[float]]) -> None:
    """Replace the corners of the polygon that is half drawn."""
    layer._overlays["polygon"].points = points


def close_polygon(layer: Labels) -> bool:
    """Fill the polygon that is half drawn, up to the mouse; False where it has too few corners and stays."""
    polygon = layer._overlays["polygon"]
    closes = len(polygon.points) > 2
    if closes:
        polygon.add_polygon_to_labels(layer)
    return closes


def drop_corners(layer: Labels) -> bool:
    """Drop the corners of a polygon that is half drawn; return whether there were any."""
    polygon = layer._overlays["polygon"]
    begun = bool(polygon.points)
    if begun:
        polygon.points = []
    return begun


def drop_oldest(layer: Labels, count: int) -> None:
    """Forget the oldest steps."""
    for _ in range(count):
        layer._undo_history.popleft()


def atom_bytes(atom: Atom) -> int:
    """Return the memory that an atom holds, bytes."""
    # Slices cost nothing; indices of single pixels are arrays, one for each axis.
    parts = [*(atom[0] if isinstance(atom[0], tuple) else ()), *atom[1:]]
    return sum(part.nbytes for part in parts if isinstance(part, np.ndarray))


def install_brush_rule(layer: Labels, rule: BrushRule) -> None:
    """Restrict brush, bucket and polygon to the pixels that `rule` lets change.

    napari leaves pixels out of the history that have the brush's label already; with the rule, brushing over
    a suggestion with its own class is recorded as a decision (and undone like any other). Painting through
    `data_setitem`, as scripts do, follows the rule too.

    Raises
    ------
    SkinsegError
        With a napari that paints in another way: painted pixels could not be told from suggestions.
    """
    if not (hasattr(layer, "_apply_mask_to_data") and hasattr(layer, "_history_atom_for_mask_paint")):
        raise SkinsegError(
            f"napari {napari.__version__} paints in a way that SkinSeg does not know: install napari 0.9"
        )

    set_items = layer.data_setitem

    def data_setitem(indices: Index, value: int | NDArray[np.uint8], refresh: bool = True) -> None:
        # -1: all pixels but those of locked classes, also the ones that have the label already.
        labels = layer.data[indices]
        chosen = rule(indices, labels, np.ones(labels.shape, bool), -1)
        kept = tuple(np.asarray(axis)[chosen] for axis in indices)
        set_items(kept, np.asarray(value)[chosen] if np.ndim(value) else value, refresh)

    def apply_mask(
        data: NDArray[np.uint8], mask: NDArray[np.bool_], new_label: int, volume_slice: tuple[slice, ...]
    ) -> NDArray[np.bool_] | None:
        if layer.preserve_labels:
            mask = mask & (data == layer._get_preserve_labels_source_label(new_label))
        changed = rule(volume_slice, data, mask, new_label)
        # An empty atom would be an undo step that does nothing.
        if not changed.any():
            return None
        # napari keeps a copy of the old values: the atom comes before the change.
        layer._save_history(layer._history_atom_for_mask_paint(volume_slice, data, changed, new_label))
        data[changed] = new_label
        return changed

    # On the instance, so that other Labels layers of the viewer stay as they are.
    layer.data_setitem = data_setitem
    layer._apply_mask_to_data = apply_mask


def install_fast_fill(layer: Labels) -> None:
    """Have the bucket find its area by `connected_area`, also one that has its label already.

    Filling a suggestion with its own class is a decision, as brushing over it is. With the bucket's other
    options (all areas at once, labels preserved) napari finds the area itself.
    """
    find = layer._get_flood_mask_and_bbox

    def find_area(coord: Sequence[float], new_label: int, dims: list[int]) -> object:
        seed = round(float(coord[0])), round(float(coord[1]))
        inside = all(0 <= at < size for at, size in zip(seed, layer.data.shape, strict=True))
        if not (layer.contiguous and inside) or layer.preserve_labels:
            return find(coord, new_label, dims)
        area, box = connected_area(layer.data, seed)
        least, most = (np.array([getattr(side, end) for side in box]) for end in ("start", "stop"))
        return area, least, most, layer.data[box]

    layer._get_flood_mask_and_bbox = find_area


def remove_brush_rule(layer: Labels) -> None:
    """Give the layer its own way of painting and filling back."""
    for name in ("data_setitem", "_apply_mask_to_data", "_get_flood_mask_and_bbox"):
        layer.__dict__.pop(name, None)
