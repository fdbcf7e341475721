"""Memory of purged photos: salted hashes that tell the same path or picture again, and nothing else."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog.schema import root
from trainer.project.catalog.schema_privacy import purged

if TYPE_CHECKING:
    from trainer.project.catalog.store import Store

__all__ = ["PurgedPaths", "digest", "is_purged"]


class PurgedPaths:
    """The purged paths below one root: `relpath in paths`; false where nothing was ever purged."""

    def __init__(self, connection: sa.Connection, salt: str, root_id: int) -> None:
        self._salt = salt
        self._digests = set(connection.execute(sa.select(purged.c.path_digest)).scalars())
        self._root = str(connection.execute(sa.select(root.c.path).where(root.c.id == root_id)).scalar())

    def __bool__(self) -> bool:
        return bool(self._digests)

    def __contains__(self, relpath: str) -> bool:
        return digest(self._salt, self._root, relpath) in self._digests


def is_purged(store: Store, content: str) -> bool:
    """Whether a picture was purged, whatever its name is now."""
    query = sa.select(purged.c.photo_id).where(purged.c.content_digest == digest(store.salt, content))
    with store.catalog.read() as connection:
        return connection.execute(query.limit(1)).first() is not None


def digest(salt: str, *parts: str) -> str:
    """Return a salted hash of a path or a content: it tells the same one again, and nothing else of it."""
    text = "\0".join((salt, *parts))
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
