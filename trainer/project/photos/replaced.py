"""Photos replaced while somebody works on them: a mask of the old pixels fits the new ones by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.errors import PhotoError

if TYPE_CHECKING:
    from trainer.project.photos.photos import Photo, Photos

__all__ = ["is_same", "require_same"]


def is_same(photos: Photos, known: Photo) -> bool:
    """Tell whether the project knows a photo as it was when it was read; opens no file."""
    return known.sha256 in (None, photos.get(known.id).sha256)


def require_same(photos: Photos, known: Photo) -> None:
    """Make sure that a photo has not been replaced since it was read, or that the old file is back.

    Raises
    ------
    PhotoError
        If the project knows other pixels of it by now.
    """
    if not is_same(photos, known) and photos.probe(known.id).sha256 != known.sha256:
        raise PhotoError(
            f"{known.path}: was replaced by another file while it was open, and the mask is of the old one; "
            "put the old file back, or register the new one under another name"
        )
