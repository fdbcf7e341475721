"""One OME-NGFF label image: read into the labels of a project, and written for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import zarr

from trainer.errors import MaskError
from trainer.labels.truth import is_truth, true_labels
from trainer.project.files.zarr_store import write_arrays_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.labels.classes import ClassSet
    from trainer.labels.ids import Ids, Labels

__all__ = ["named_ids", "read_ngff", "write_ngff"]


def read_ngff(path: Path) -> tuple[NDArray[np.integer], dict[int, str]]:
    """Read an OME-NGFF label image at its full size.

    Returns
    -------
    values : NDArray of integer
        (height, width), as they are written.
    names : dict of int to str
        What its `image-label` properties call them; empty where they name nothing.

    Raises
    ------
    MaskError
        If it is damaged, or is no label image of one plane.
    """
    try:
        group = zarr.open_group(path, mode="r")
        attributes = dict(group.attrs)
        ome: Any = attributes.get("ome", attributes)
        image = ome["multiscales"][0]
        array = group[image["datasets"][0]["path"]]
        values = np.asarray(array[...])  # type: ignore[index]
        properties = ome.get("image-label", {}).get("properties") or []
        named = [(int(entry["label-value"]), str(entry["name"])) for entry in properties if "name" in entry]
        axes = [
            str(axis["name"] if isinstance(axis, dict) else axis).lower() for axis in image.get("axes") or ()
        ]
    except Exception as error:  # zarr raises its own, and whatever a damaged file leads it to
        raise MaskError(f"{path}: cannot be read as an OME-NGFF label image: {error}") from error
    if len(dict(named)) < len(named):
        raise MaskError(f"{path}: names a label value twice; say once what it means, or say it with --ids")
    axes = axes or list("tczyx")[-values.ndim :]  # as the specification had it before axes had names
    sides = [*zip(axes, values.shape, strict=False)]
    kept = [(name, side) for name, side in sides if side > 1 or name in ("y", "x")]
    values = values.reshape([side for _, side in kept] if len(axes) == values.ndim else values.shape)
    if values.ndim != 2 or values.dtype.kind not in "iu":
        raise MaskError(f"{path}: holds {values.dtype} {values.shape}, not one plane of label values")
    if [name for name, _ in kept] != ["y", "x"]:
        raise MaskError(f"{path}: has the axes {', '.join(axes)}, not y and x last; write it in that order")
    return values, dict(named)


def named_ids(path: Path, names: Mapping[int, str], classes: ClassSet) -> Ids:
    """Return the meaning of named label values; 0 is not labelled unless it has a name.

    Raises
    ------
    MaskError
        If there are no names, or one is of no class.
    """
    if not names:
        raise MaskError(
            f"{path}: has no class names: say what its values mean with --ids, or with --binary CLASS if "
            "all but 0 is one thing"
        )
    own = {name.casefold(): index + 1 for index, name in enumerate(classes.names)}
    unknown = sorted({name for name in names.values() if name.casefold() not in own})
    if unknown:
        raise MaskError(
            f"{path}: names classes that the project does not have: {', '.join(unknown)}; say with --ids "
            "what each value means"
        )
    return {0: 0, **{value: own[name.casefold()] for value, name in names.items()}}


def write_ngff(path: Path, labels: Labels, provenance: Labels, classes: ClassSet) -> None:
    """Write what is truth of a mask as a new OME-NGFF group with `labels` and `provenance`.

    Raises
    ------
    StorageFullError
        If the disk is full; what had been written of the group is removed.
    """
    keep = np.where(is_truth(provenance), provenance, np.uint8(0))
    write_arrays_at(path, {"labels": true_labels(labels, provenance), "provenance": keep}, classes)
