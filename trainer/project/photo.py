"""One registered photo, the names it goes by, and the folder that it lies below."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.project.states import PhotoState

__all__ = ["Photo", "Root", "composed", "file_name", "spellings", "stem", "without_suffix"]


@dataclass(frozen=True)
class Photo:
    """One registered photo. Sizes are upright pixels, None until the photo was first opened."""

    id: int
    root_id: int
    relpath: str
    path: Path
    group: str
    split: str
    state: PhotoState
    reason: str | None
    width: int | None
    height: int | None
    orientation: int | None
    sha256: str | None
    note: str | None = None


@dataclass(frozen=True)
class Root:
    """A folder of photos: as registered, and where it lies on this machine."""

    id: int
    registered: Path
    path: Path


def file_name(relpath: str) -> str:
    """Return the last part of a relative path."""
    return relpath.rpartition("/")[2]


def stem(relpath: str) -> str:
    """Return the file name without its suffix."""
    return os.path.splitext(file_name(relpath))[0]


def without_suffix(relpath: str) -> str:
    """Return the relative path without its suffix."""
    return os.path.splitext(relpath)[0]


def composed(name: str) -> str:
    """Return a name in one spelling: systems write an accent as part of its letter, or after it."""
    return unicodedata.normalize("NFC", name)


def spellings(*names: str) -> set[str]:
    """Return names in both spellings."""
    return {unicodedata.normalize(form, name) for name in names for form in ("NFC", "NFD")} | set(names)
