"""Decoded photos and truth at working size, cached on disk so that nothing is decoded twice.

The cache holds ``.npy`` files of uint8 keyed by content and size; it is bounded in bytes, drops what was
used longest ago, and may be deleted at any time.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trainer.project.project import Project

Bytes = npt.NDArray[np.uint8]
MAP_FROM = 4_000_000
"""Arrays of more bytes than this are mapped, so that a crop reads only its own rows."""


class DecodedCache:
    """A folder of uint8 arrays with a limit in bytes; safe for several threads.

    Parameters
    ----------
    folder
        Created if needed. None, or a limit of 0, keeps nothing.
    limit
        Largest sum of file sizes in bytes.
    """

    def __init__(self, folder: Path | None, limit: int) -> None:
        self.folder = folder if limit > 0 else None
        self.limit = limit
        self._lock = threading.Lock()
        self._sizes: OrderedDict[str, int] = OrderedDict()  # least recently used first
        self._total = 0
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._scan(self.folder)

    def _scan(self, folder: Path) -> None:
        found = []
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".npy"):
                    stat = entry.stat()
                    found.append((stat.st_atime, entry.name, stat.st_size))
        for _, name, size in sorted(found):
            self._sizes[name] = size
            self._total += size

    @property
    def total(self) -> int:
        """Bytes held."""
        return self._total

    def get(self, key: str, make: Callable[[], Bytes]) -> Bytes:
        """Return the array under ``key``, making and keeping it the first time."""
        if self.folder is None:
            return make()
        name = f"{key}.npy"
        found = self._load(self.folder / name, name)
        if found is not None:
            return found
        array = make()
        self._keep(self.folder, name, array)
        return array

    def _load(self, path: Path, name: str) -> Bytes | None:
        with self._lock:
            if name not in self._sizes:
                try:  # another process of the same training may have made it
                    self._sizes[name] = path.stat().st_size
                except OSError:
                    return None
                self._total += self._sizes[name]
            self._sizes.move_to_end(name)
            large = self._sizes[name] > MAP_FROM
        try:
            array: Bytes = np.load(path, mmap_mode="r" if large else None, allow_pickle=False)
        except (OSError, ValueError, EOFError):  # deleted or damaged meanwhile: make it again
            with self._lock:
                self._total -= self._sizes.pop(name, 0)
            return None
        return array

    def _keep(self, folder: Path, name: str, array: Bytes) -> None:
        size = array.nbytes + 128
        if size > self.limit:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)  # somebody may have cleared the cache
            with replacing(folder / name) as partial, partial.open("wb") as file:
                np.save(file, np.ascontiguousarray(array), allow_pickle=False)
        except OSError:  # a full disk must not stop a round: go on without the cache
            return
        with self._lock:
            self._total += size - self._sizes.pop(name, 0)
            self._sizes[name] = size
            surplus = []
            while self._total > self.limit and len(self._sizes) > 1:
                old, old_size = self._sizes.popitem(last=False)
                self._total -= old_size
                surplus.append(old)
        for old in surplus:
            try:
                (folder / old).unlink(missing_ok=True)
            except OSError:  # still mapped by a reader on Windows; found again at the next start
                continue


def resize_nearest(labels: Bytes, height: int, width: int) -> Bytes:
    """Scale labels ``(H, W)`` to ``(height, width)`` by taking the pixel under each new centre."""
    if labels.shape == (height, width):
        return labels
    rows = ((np.arange(height) + 0.5) * (labels.shape[0] / height)).astype(np.intp)
    columns = ((np.arange(width) + 0.5) * (labels.shape[1] / width)).astype(np.intp)
    scaled: Bytes = labels[rows[:, None], columns]
    return scaled


class WorkingPhotos:
    """Photos and truth of a project at working size, through the cache.

    Parameters
    ----------
    long_side
        Photos are scaled to this long side in pixels; None leaves them at their own size.
    """

    KNOWN_KEYS = 20_000

    def __init__(self, project: Project, long_side: int | None, cache: DecodedCache | None = None) -> None:
        self.project, self.long_side = project, long_side
        if cache is None:
            cache = project_cache(project)
        self.cache = cache
        self._keys: OrderedDict[int, str] = OrderedDict()

    def photo(self, photo_id: int) -> Bytes:
        """Read one photo, ``(h, w, 3)`` uint8, oriented.

        Raises
        ------
        PhotoError
            Missing or broken; the catalog says so from now on.
        """
        key = self._key(photo_id)
        if key is None:  # never opened before: reading it fills in its hash
            array = self._decode(photo_id)
            key = self._key(photo_id)
            return array if key is None else self.cache.get(key, lambda: array)
        return self.cache.get(key, lambda: self._decode(photo_id))

    def target(self, photo_id: int, revision_id: str, shape: tuple[int, int]) -> Bytes:
        """Read the truth of one revision scaled to ``shape``: ``(h, w)`` uint8 class indices and IGNORE."""
        key = f"t-{revision_id}-{shape[0]}x{shape[1]}"
        return self.cache.get(key, lambda: self._truth(revision_id, shape))

    def _truth(self, revision_id: str, shape: tuple[int, int]) -> Bytes:
        return resize_nearest(self.project.masks.read_truth(self.project.masks.revision(revision_id)), *shape)

    def _decode(self, photo_id: int) -> Bytes:
        if self.long_side is None:
            return self.project.photos.read(photo_id)
        return self.project.photos.read_scaled(photo_id, self.long_side)

    def _key(self, photo_id: int) -> str | None:
        key = self._keys.get(photo_id)
        if key is None:
            photo = self.project.photos.get(photo_id)
            if photo.sha256 is None:
                return None
            key = f"c-{photo.sha256[:32]}-{self.long_side or 'native'}"
            self._keys[photo_id] = key
            if len(self._keys) > self.KNOWN_KEYS:
                self._keys.popitem(last=False)
        return key


def project_cache(project: Project, limit: int | None = None) -> DecodedCache:
    """Open the cache in the project's folder, as large as its settings say; none where it is read-only."""
    folder = None if project.read_only else project.path / "cache" / "decoded"
    return DecodedCache(folder, project.settings.photos.cache_bytes if limit is None else limit)
