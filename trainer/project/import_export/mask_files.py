"""Mask files of a folder, and the files of other kinds beside them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trainer.errors import MaskError
from trainer.labels.ids import CLASSES_FILE, is_classes_file

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["MaskFiles", "find_masks", "named"]


@dataclass(frozen=True)
class MaskFiles:
    """Files of a folder and its subfolders.

    Attributes
    ----------
    masks : list of str
        Relative paths of the masks, with "/", in order.
    others : dict of str to list of str
        Those of other kinds by suffix, and folders that cannot be read.
    """

    masks: list[str] = field(default_factory=list)
    others: dict[str, list[str]] = field(default_factory=dict)

    @property
    def passed_over(self) -> list[str]:
        """One line for each other kind."""
        return [f"passed over {len(names):,} {kind}: {named(names)}" for kind, names in self.others.items()]


def find_masks(folder: Path, suffix: str, but: Collection[Path] = ()) -> MaskFiles:
    """Find the masks below a folder; hidden files, and the table of classes of an export, count as nothing.

    Parameters
    ----------
    folder : Path
        Where from.
    suffix : str
        Of the masks, in capitals or not: ".png", ".zarr", ".json" or ".xml".
    but : collection of Path
        Files that are no masks and have a meaning of their own.

    Raises
    ------
    MaskError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise MaskError(f"{folder}: there is no such folder of masks")
    found, unreadable = MaskFiles(), list[str]()
    for place, folders, files in os.walk(folder, onerror=lambda error: unreadable.append(error.filename)):
        relative = os.path.relpath(place, folder).replace(os.sep, "/")
        prefix = "" if relative == "." else f"{relative}/"
        groups = [name for name in folders if name.lower().endswith(".zarr")]
        for name in [*groups, *files]:
            path = folder / f"{prefix}{name}"
            ours = path == folder / CLASSES_FILE and is_classes_file(path)
            if name.startswith(".") or path in but or ours:
                continue
            kind = os.path.splitext(name)[1].lower()
            if kind == suffix and (name in groups) == (suffix == ".zarr"):
                found.masks.append(f"{prefix}{name}")
            else:
                found.others.setdefault(kind or "without a suffix", []).append(f"{prefix}{name}")
        folders[:] = sorted(name for name in folders if name not in groups and name[0] != ".")
        linked = [name for name in folders if os.path.islink(os.path.join(place, name))]
        if linked:
            found.others.setdefault("linked folders", []).extend(f"{prefix}{name}" for name in linked)
    if unreadable:
        found.others["folders that cannot be read"] = [os.path.relpath(name, folder) for name in unreadable]
    others = {kind: sorted(names) for kind, names in sorted(found.others.items())}
    return MaskFiles(sorted(found.masks), others)


def named(names: list[str], most: int = 3) -> str:
    """List the first names, and how many more there are."""
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left:,} more" if left > 0 else "")
