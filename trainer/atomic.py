"""Write-then-replace: a reader sees the old file or the new one, never half of it."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["replacing", "write_bytes", "write_text"]

_NAME = 200
"""Bytes of a file's name that are kept in that of its partial one: file systems allow 255 in all."""


@contextmanager
def replacing(path: Path, durable: bool = False) -> Iterator[Path]:
    """Yield a path beside `path` to write to; the file there takes the place of `path` when the block ends.

    Parameters
    ----------
    path : Path
        The file to write; its folder must exist.
    durable : bool
        Bring the content to the disk before it takes its place, so that a power cut cannot leave an empty
        file under the name of a good one.

    Yields
    ------
    Path
        Hidden, and different for each process and thread. A block that raises leaves nothing behind.

    Raises
    ------
    OSError
        If the file cannot be written; `path` is as it was.
    """
    stem = path.name.encode(errors="ignore")[:_NAME].decode(errors="ignore")
    partial = path.with_name(f".{stem}.{os.getpid()}.{threading.get_ident()}.partial")
    try:
        yield partial
        if durable:
            # "r+b" and not "rb": Windows refuses to sync a file that was opened for reading alone.
            with partial.open("r+b") as file:
                os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str, durable: bool = False) -> None:
    """Write a text file in UTF-8, whole or not at all; see `replacing`."""
    with replacing(path, durable) as partial:
        partial.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes, durable: bool = False) -> None:
    """Write a file, whole or not at all; see `replacing`."""
    with replacing(path, durable) as partial:
        partial.write_bytes(content)
