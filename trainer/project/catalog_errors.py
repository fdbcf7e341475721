"""Errors of the catalog in one line: full disks, damaged files, rows of another version."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DatabaseError, OperationalError

from trainer.errors import ProjectError, ReadOnlyError, StorageFullError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["plain_errors", "understood"]


@contextmanager
def understood(place: str) -> Iterator[None]:
    """Turn what goes wrong in making values of rows into one line about the catalog at a place.

    Raises
    ------
    ProjectError
        If a row is not what this program writes.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        said = " ".join(str(error).split())
        raise ProjectError(
            f"{place}: a row cannot be read ({type(error).__name__}: {said}): it is of another version, or "
            "damaged; update napari-skinseg, or put back the latest backup"
        ) from error


@contextmanager
def plain_errors(place: str) -> Iterator[None]:
    """Turn errors of the database into those that a person can act on."""
    try:
        yield
    except DatabaseError as error:
        text = str(error.orig).strip().splitlines()[0] if error.orig else str(error)
        low = text.lower()
        if "disk is full" in low or "no space left" in low or "could not extend file" in low:
            raise StorageFullError(
                f"{place}: the disk is full; nothing saved before is lost; free some space and save again"
            ) from error
        if "readonly database" in low or "read-only transaction" in low:
            raise ReadOnlyError(f"{place} cannot be written: check the rights on the folder") from error
        if "malformed" in low or "not a database" in low:
            raise ProjectError(
                f"{place} is damaged ({text}); put back the latest copy made with: skinseg backup"
            ) from error
        if isinstance(error, OperationalError):
            raise ProjectError(f"{place} cannot be used: {text}") from error
        raise
