"""Write-once arrays of masks, drafts and predictions as zarr v3, readable by any OME-NGFF 0.5 reader.

A zarr group is written under a fresh name, brought safely to the disk, and only then named by a row
in the catalog. It is never changed. The row holds a checksum over all files of the group, because a chunk
that is missing would otherwise be read as zeros without a word. zarr is loaded when the first group is: a
quarter of a second that a project without masks need not wait for.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trainer.errors import MaskError
from trainer.project.files.filesystem import storage_errors, sync_tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import zarr

    from trainer.labels.classes import ClassSet

__all__ = ["checksum_of", "read_arrays", "read_attributes", "write_arrays", "write_arrays_at"]

CHUNK = 1024
"""Side of the chunks inside a shard."""

Array = npt.NDArray[Any]


def write_arrays(
    folder: Path, arrays: Mapping[str, Array], classes: ClassSet, extra: Mapping[str, object] | None = None
) -> tuple[Path, str]:
    """Write arrays into a new group under `folder` and bring it safely to the disk.

    Parameters
    ----------
    folder : Path
        Where the group goes, under a fresh name.
    arrays : mapping of str to array
        `labels` (uint8, height × width, 0 = not labelled, else class index + 1) and companions.
    classes : ClassSet
        Written as names and colours of the label values.
    extra : mapping, optional
        More attributes, plain Python.

    Returns
    -------
    path : Path
        The new group.
    checksum : str
        Over all its files; `read_arrays` wants it.

    Raises
    ------
    StorageFullError
        If the disk is full; what had been written of this group is removed.
    """
    path = folder / f"{uuid.uuid4().hex}.zarr"
    return path, write_arrays_at(path, arrays, classes, extra)


def write_arrays_at(
    path: Path, arrays: Mapping[str, Array], classes: ClassSet, extra: Mapping[str, object] | None = None
) -> str:
    """Like `write_arrays`, under a name of the caller's choice; returns the checksum.

    Raises
    ------
    StorageFullError
        If the disk is full; what had been written of this group is removed.
    """
    import zarr

    try:
        with storage_errors(path.parent):
            group = zarr.create_group(path, zarr_format=3, attributes=_attributes(classes, extra or {}))
            with ThreadPoolExecutor(len(arrays)) as pool:  # compression leaves the interpreter free
                list(pool.map(lambda item: _write_array(group, *item), arrays.items()))
            checksum = checksum_of(path)
            sync_tree(path)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    return checksum


def read_arrays(path: Path, checksum: str | None, *names: str) -> list[Array]:
    """Read arrays of a group after comparing its files with their checksum.

    Raises
    ------
    MaskError
        If a file is missing, added or changed.
    """
    damaged = _damaged(path)
    if checksum is not None:
        try:
            found = checksum_of(path)
        except OSError as error:
            raise MaskError(damaged) from error
        if found != checksum:
            raise MaskError(damaged)
    import zarr

    try:
        group = zarr.open_group(path, mode="r", zarr_format=3)
        return [np.asarray(_array(group, name)[...]) for name in names]
    except Exception as error:  # zarr raises its own, and whatever a damaged file leads it to
        raise MaskError(damaged) from error


def read_attributes(path: Path) -> dict[str, Any]:
    """Read the attributes beside the arrays of a group.

    Raises
    ------
    MaskError
        If the group is damaged or missing.
    """
    import zarr

    try:
        return dict(zarr.open_group(path, mode="r", zarr_format=3).attrs)
    except Exception as error:
        raise MaskError(_damaged(path)) from error


def _damaged(path: Path) -> str:
    return f"{path}: this mask's files are damaged or missing; put them back from a backup (skinseg doctor)"


def checksum_of(path: Path) -> str:
    """SHA-256, in hex, over names and contents of all files below a group.

    Raises
    ------
    OSError
        If the group is missing or cannot be read.
    """
    digest = hashlib.sha256()
    # Over the files as they lie there and not over pixels: no decoding, and damaged metadata is noticed too.
    # Names count, with / on every system, because zarr takes a missing chunk for zeros; sorted, because the
    # order of a folder's entries differs between disks. The hash of each file has a fixed length, and the
    # zero byte ends its name, so that no two trees run together into the same bytes.
    names = sorted(
        os.path.join(folder, name) for folder, _, files in os.walk(path, onerror=_raise) for name in files
    )
    for name in names:
        with open(name, "rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        digest.update(os.path.relpath(name, path).replace(os.sep, "/").encode() + b"\0" + content)
    return digest.hexdigest()


def _raise(error: OSError) -> None:
    raise error


def _array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    import zarr

    found = group[name]
    if not isinstance(found, zarr.Array):
        raise KeyError(name)
    return found


def _write_array(group: zarr.Group, name: str, values: Array) -> None:
    from zarr.codecs import ZstdCodec

    inner = tuple(min(CHUNK, _up(side, 32)) for side in values.shape[:2]) + values.shape[2:]
    shard = tuple(_up(side, step) for side, step in zip(values.shape, inner, strict=True))
    array = group.create_array(
        name,
        shape=values.shape,
        dtype=values.dtype,
        chunks=inner,
        shards=shard,
        compressors=[ZstdCodec(level=3)],
        fill_value=0,
        dimension_names=("y", "x", "feature")[: values.ndim],
        config={"write_empty_chunks": True},  # looking for empty ones takes longer than writing them
    )
    array[...] = values


def _up(size: int, step: int) -> int:
    return -(-size // step) * step


def _attributes(classes: ClassSet, extra: Mapping[str, object]) -> dict[str, object]:
    from yaozarrs import v05

    scale = {"type": "scale", "scale": [1.0, 1.0]}
    ome = {
        "version": "0.5",
        "multiscales": [
            {
                "name": "annotation",
                "axes": [{"name": "y", "type": "space"}, {"name": "x", "type": "space"}],
                "datasets": [{"path": "labels", "coordinateTransformations": [scale]}],
            }
        ],
        "image-label": {
            "version": "0.5",
            "colors": [
                {"label-value": index + 1, "rgba": [*bytes.fromhex(colour[1:]), 255]}
                for index, colour in enumerate(classes.colours)
            ],
            "properties": [
                {"label-value": index + 1, "name": name} for index, name in enumerate(classes.names)
            ],
        },
    }
    v05.LabelImage.model_validate(ome)
    return {"ome": ome, "skinseg": {"classes": classes.to_dict(), **extra}}
