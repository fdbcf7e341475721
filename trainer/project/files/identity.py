"""Identity of a photo: its pixels, whatever its name, its date, and what stands in its metadata."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import PhotoError
from trainer.project.files.decode import decode, read_header

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["identity_of", "is_identity"]

_MARK = "-1"
"""Ends an identity: the version of the rule. Catalogs of before hold plain hashes of files."""

_START, _END, _SCAN, _ADOBE, _COMMENT = 0xD8, 0xD9, 0xDA, 0xEE, 0xFE
_APPS = range(0xE0, 0xF0)


def is_identity(known: str) -> bool:
    """Whether a stored hash is an identity, and not the hash of a whole file."""
    return known.endswith(_MARK)


def identity_of(path: Path, max_pixels: int) -> str:
    """Return a hash of the upright pixels, and of nothing else.

    Of a JPEG the compressed picture is taken as it stands, since programs that change its metadata copy it:
    that costs a reading of the file. Others are decoded; of one that cannot be, all of the file counts.

    Raises
    ------
    PhotoError
        If the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PhotoError(f"{path}: cannot be read: {error.strerror or error}") from error
    digest = hashlib.sha256()
    parts = _picture(content)
    if parts is None:
        try:
            pixels = decode(path, max_pixels, managed=False).pixels
        except PhotoError:  # whoever reads its pixels is told
            pixels = np.frombuffer(content, np.uint8)[None]
        digest.update(struct.pack("<II", *pixels.shape[:2]))
        digest.update(np.ascontiguousarray(pixels).data)
    else:
        orientation = read_header(path, max_pixels).orientation
        digest.update(b"jpeg %d" % orientation)
        for part in parts:
            digest.update(part)
    return digest.hexdigest()[: -len(_MARK)] + _MARK


def _picture(content: bytes) -> list[memoryview] | None:
    """Return the parts of a JPEG that make its first picture; None: it is none, or a damaged one."""
    if content[:2] != bytes((0xFF, _START)):
        return None
    view, place, parts = memoryview(content), 2, list[memoryview]()
    while place + 4 <= len(content) and content[place] == 0xFF:
        kind = content[place + 1]
        if kind == 0xFF:  # filling
            place += 1
            continue
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4])
        if kind == _SCAN:
            stop = content.find(bytes((0xFF, _END)), end)
            return [*parts, view[place : len(content) if stop < 0 else stop]]
        if kind == _ADOBE or (kind not in _APPS and kind != _COMMENT):
            parts.append(view[place:end])
        place = end
    return None
