"""Photos in files whose size tells nothing, since it depends on the photo's alone: which were compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from pathlib import Path

__all__ = ["FlatFiles"]

FLAT = frozenset({".bmp", ".dib", ".pbm", ".pgm", ".pnm", ".ppm", ".tif", ".tiff"})


class FlatFiles:
    """What this process has compared by the pixels: two such files that change places look as before.

    A set of photos often bears one date, too, as it came out of an archive. So each is compared once by every
    process, and again where its place on the disk is another.
    """

    def __init__(self) -> None:
        self._compared: dict[int, tuple[int, int]] = {}

    def is_unknown(self, photo_id: int, path: Path, status: os.stat_result) -> bool:
        """Whether neither size nor date of a file say that it is still the one that was known."""
        return path.suffix.lower() in FLAT and self._compared.get(photo_id) != _place(status)

    def note(self, photo_id: int, status: os.stat_result) -> None:
        """Note that the pixels of a photo are those that were known."""
        self._compared[photo_id] = _place(status)


def _place(status: os.stat_result) -> tuple[int, int]:
    return status.st_ino, status.st_ctime_ns
