"""Files of a folder that are photos, by their names, and the count of all that is passed over."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trainer.labels.ids import CLASSES_FILE, is_classes_file
from trainer.project.files.decode import EXTENSIONS
from trainer.project.photos.masks_among_photos import masks_among

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["PassedOver", "find_photos", "readable_name"]

_SHOWN = 3
_PROJECT_FILE = "skinseg.toml"
_RAW = frozenset({".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".raw", ".pef", ".srw"})
_OF_SYSTEMS = frozenset(
    {"@eadir", "#recycle", "@recycle", "$recycle.bin", "__macosx", "system volume information", "lost+found"}
)
"""Folders of thumbnails and of what was thrown away, on network drives and memory cards."""
_MENDS = {
    "folders of a system": "they hold thumbnails or deleted files; move photos out of them",
    "masks": "they are no photos; take them in with skinseg import",
    "folders of masks": "skinseg wrote them; take them in with skinseg import",
    "projects": "a project's own folder is not searched",
    "hidden": "their names begin with a dot",
    **dict.fromkeys(_RAW, "raw photos are not read; export them as JPEG or TIFF"),
}


@dataclass
class PassedOver:
    """What a search for photos did not take.

    Attributes
    ----------
    unreadable : list of str
        Folders and files that cannot be taken though they are, or may hold, photos.
    counts : dict of str to int
        Files by kind: their suffix, or what they are.
    """

    unreadable: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    _first: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, name: str) -> None:
        """Count one file or folder."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        first = self._first.setdefault(kind, [])
        if len(first) < _SHOWN:
            first.append(readable_name(name))

    @property
    def lines(self) -> list[str]:
        """One line for each kind."""
        lines = []
        for kind, count in sorted(self.counts.items()):
            left = count - len(self._first[kind])
            more = f" and {left:,} more" if left else ""
            mend = f"; {_MENDS[kind]}" if kind in _MENDS else ""
            lines.append(f"passed over {count:,} {kind}: {', '.join(self._first[kind])}{more}{mend}")
        return lines


def find_photos(folder: Path, passed: PassedOver, leave_out: Path | None = None) -> list[str]:
    """Find the relative paths (with /) of all photos under a folder, by name, in a fixed order.

    Hidden files and folders are left out, and so are projects and masks: files that skinseg wrote, and what
    lies beside photos under their names and looks like a mask. No other file is opened. A link to a folder
    is followed once, so that a loop ends.

    Parameters
    ----------
    folder : Path
        Where to look.
    passed : PassedOver
        Learns what is not taken.
    leave_out : Path, optional
        A folder that is not entered.
    """
    names = list(_named_like_photos(folder, passed, leave_out))
    masks = masks_among(folder, names)
    for name in names:
        if name in masks:
            passed.add("masks", name)
    return [name for name in names if name not in masks]


def _named_like_photos(folder: Path, passed: PassedOver, leave_out: Path | None) -> Iterator[str]:
    seen: set[tuple[int, int]] = set()
    ignored = os.path.realpath(leave_out) if leave_out else ""
    stack = [""]
    while stack:
        relative = stack.pop()
        place = os.path.join(folder, relative)
        try:
            status = os.stat(place)
            if (status.st_dev, status.st_ino) in seen or os.path.realpath(place) == ignored:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(place) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError:
            passed.unreadable.append(readable_name(relative or str(folder)))
            continue
        if relative and (kind := _of_skinseg(folder / relative, {entry.name for entry in entries})):
            passed.add(kind, relative)
            continue
        folders: list[str] = []
        for entry in entries:
            yield from _sort_out(
                entry, f"{relative}/{entry.name}" if relative else entry.name, folders, passed
            )
        stack.extend(reversed(folders))


def _sort_out(entry: os.DirEntry[str], name: str, folders: list[str], passed: PassedOver) -> Iterator[str]:
    """Yield the name of a photo, keep that of a folder, count any other."""
    suffix = os.path.splitext(entry.name)[1].lower()
    is_folder = _is(entry.is_dir)
    if entry.name.startswith("."):
        if suffix in EXTENSIONS and not is_folder:
            passed.add("hidden", name)
    elif is_folder and entry.name.lower() in _OF_SYSTEMS:
        passed.add("folders of a system", name)
    elif is_folder and suffix == ".zarr":
        passed.add(suffix, name)
    elif not _storable(name) and (is_folder or suffix in EXTENSIONS):
        passed.unreadable.append(f"{readable_name(name)} (its name is not in UTF-8: rename it)")
    elif is_folder:
        folders.append(name)
    elif suffix not in EXTENSIONS:
        passed.add(suffix if suffix and _storable(suffix) else "without a suffix", name)
    elif _is(entry.is_file):
        yield name
    else:
        why = "a link that leads to no file" if entry.is_symlink() else "no file of data"
        passed.unreadable.append(f"{readable_name(name)} ({why}: put the photo itself there)")


def _of_skinseg(place: Path, names: set[str]) -> str:
    """Say what a folder is that skinseg made; empty: none."""
    if _PROJECT_FILE in names:
        return "projects"
    return "folders of masks" if CLASSES_FILE in names and is_classes_file(place / CLASSES_FILE) else ""


def _is(question: object) -> bool:
    try:
        return bool(question())  # type: ignore[operator]
    except OSError:  # a link to itself
        return False


def _storable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8
        return False
    return True


def readable_name(name: str) -> str:
    """Return a name as it can be written anywhere: bytes that are no UTF-8 are spelt out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
