"""The project's folder in its file system: kind of disk, access rights, and files brought to the disk."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.errors import StorageFullError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "NETWORK_FILE_SYSTEMS",
    "file_system_of",
    "is_network",
    "make_private",
    "mounts",
    "storage_errors",
    "sync_tree",
]

NETWORK_FILE_SYSTEMS = frozenset(
    {
        "orangefs",
        "afs",
        "ceph",
        "smb2",
        "cifs",
        "nfs",
        "nfs4",
        "webdav",
        "vboxsf",
        "beegfs",
        "coda",
        "smb",
        "davfs2",
        "gpfs",
        "smbfs",
        "afpfs",
        "pvfs2",
        "davfs",
        "prl_fs",
        "ncpfs",
        "smb3",
        "glusterfs",
        "9p",
        "fhgfs",
        "vmhgfs",
        "lustre",
    }
)
"""File systems that other machines may write to at the same time, where SQLite's WAL is not safe."""

_LOCAL_FUSE = frozenset({"fuse", "fuse.bindfs", "fuse.ntfs-3g", "fuse.overlayfs", "fuse.portal", "fuseblk"})
_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your quota on this disk is used up",
    errno.EFBIG: "the disk takes no file of this size",
}


def is_network(file_system: str) -> bool:
    """Whether a file system type, as in /proc/mounts, is shared over a network."""
    name = file_system.lower()
    return name in NETWORK_FILE_SYSTEMS or (name.startswith("fuse.") and name not in _LOCAL_FUSE)


def mounts() -> list[tuple[str, str]]:
    """(mount point, file system type) of all that is mounted on this machine."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        import psutil

        return [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]
    return [
        (fields[1].replace(r"\040", " "), fields[2]) for fields in map(str.split, lines) if len(fields) > 2
    ]


def file_system_of(path: Path, mounted: Iterable[tuple[str, str]] | None = None) -> str:
    """Type of the file system that `path` lies on; empty where that cannot be told.

    Parameters
    ----------
    path : Path
        Need not exist.
    mounted : iterable of (str, str), optional
        Mount points and types; this machine's by default. A later mount covers an earlier one.
    """
    text = os.path.realpath(path)
    if text.startswith("\\\\"):
        return "cifs"
    best, kind = -1, ""
    for point, name in mounts() if mounted is None else mounted:
        prefix = point.rstrip("/\\")
        inside = text == prefix or text.startswith((prefix + "/", prefix + "\\"))
        if inside and len(prefix) >= best:
            best, kind = len(prefix), name
    return kind


def make_private(path: Path) -> None:
    """Make a folder that only its owner can enter: the photos show patients."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)


def sync_tree(path: Path) -> None:
    """Bring a folder, all that is in it, and its name in its parent safely to the disk."""
    places = [str(path.parent)]
    for folder, _, files in os.walk(path):
        places += [folder, *(os.path.join(folder, name) for name in files)]
    with ThreadPoolExecutor(len(places)) as pool:  # together they wait once for the disk
        list(pool.map(_sync, places))


def _sync(path: str | Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there, and a file only for writing
        if not os.path.isdir(path):
            with open(path, "r+b") as file:
                os.fsync(file.fileno())
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def storage_errors(where: Path) -> Iterator[None]:
    """Turn "no space left" into a `StorageFullError` that names the place.

    Raises
    ------
    StorageFullError
        If the disk or the quota is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise StorageFullError(
            f"{where}: {_FULL[error.errno]}; nothing saved before is lost; free some space and save again"
        ) from error
