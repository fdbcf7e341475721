"""Errors of the catalog in one line: full disks, damaged files, absent servers, rows of another version."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from trainer.errors import ProjectError, ReadOnlyError, StorageFullError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["plain_errors", "understood"]

AWAY = ("08", "53300", "57P")
"""Beginnings of PostgreSQL's codes for lost connections, too many, and a server that stops or starts."""
REFUSALS = ("password", "does not exist", "pg_hba.conf", "not permitted")
"""Words of a server that answers, and refuses: waiting does not help."""


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
    except PoolTimeoutError as error:
        raise UnreachableError(_away(place, "no connection came free")) from error
    except DBAPIError as error:
        text = (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0]
        low = text.lower()
        if "disk is full" in low or "no space left" in low or "could not extend file" in low:
            raise StorageFullError(
                f"{place}: the disk is full; nothing saved before is lost; free some space and save again"
            ) from error
        if "readonly database" in low or "read-only transaction" in low:
            raise ReadOnlyError(f"{place} cannot be written: check the rights on the folder") from error
        if "disk i/o error" in low:  # what SQLite says where its log finds no room, among other things
            raise StorageFullError(
                f"{place}: the disk does not take what is written; nothing saved before is lost; free some "
                "space, or look whether the drive is still there"
            ) from error
        if "malformed" in low or "not a database" in low:
            raise ProjectError(
                f"{place} is damaged ({text}); put back the latest copy made with: skinseg backup"
            ) from error
        if _is_away(error, low):
            raise UnreachableError(_away(place, text)) from error
        if isinstance(error, OperationalError):
            raise ProjectError(f"{place} cannot be used: {text}") from error
        raise


def _away(place: str, text: str) -> str:
    return (
        f"{place} cannot be used just now, its server does not answer ({text}); what was saved is safe, "
        "and work goes on by itself once it is back"
    )


def _is_away(error: DBAPIError, low: str) -> bool:
    """Tell a server that cannot be reached from one that answers; SQLite has none."""
    if not type(error.orig).__module__.startswith("psycopg"):
        return False
    if error.connection_invalidated or type(error.orig).__name__ == "InterfaceError":
        return True
    code = getattr(error.orig, "sqlstate", None)
    if code is not None:
        return str(code).startswith(AWAY)
    # Before there is a connection, libpq gives no code.
    return isinstance(error, OperationalError) and not any(word in low for word in REFUSALS)
