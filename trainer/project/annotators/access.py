"""Access log: who opened or exported which photo, and when; it only grows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog.schema import photo
from trainer.project.catalog.schema_privacy import access
from trainer.project.states import AccessKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trainer.project.catalog.store import Store

__all__ = ["Access", "AccessLog"]


@dataclass(frozen=True)
class Access:
    """One line of the log; of a photo that was purged the name is not known any more."""

    created: float
    """Seconds since 1970."""
    who: str
    how: AccessKind
    photo_id: int
    relpath: str | None


class AccessLog:
    """The access log of a project. A project that is open for reading only cannot note anything."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def is_kept(self) -> bool:
        """Whether lines are written."""
        return self._store.settings.privacy.access_log and not self._store.read_only

    def note(self, who: str, how: AccessKind, photo_ids: Iterable[int]) -> None:
        """Write one line for each photo, unless `privacy.access_log` is off."""
        now = time.time()
        rows = [{"created": now, "who": who, "how": how, "photo_id": photo_id} for photo_id in photo_ids]
        if rows and self.is_kept:
            with self._store.catalog.write() as connection:
                connection.execute(sa.insert(access), rows)

    def entries(
        self, photo_id: int | None = None, since: float | None = None, limit: int | None = None
    ) -> list[Access]:
        """Return lines, the latest first; none in a project of before that is open for reading only.

        Parameters
        ----------
        photo_id
            Only of this photo, purged or not.
        since
            Only from this time on, seconds since 1970.
        limit
            At most so many.
        """
        if not self._store.catalog.has(access):
            return []
        query = sa.select(access, photo.c.relpath).outerjoin(photo, photo.c.id == access.c.photo_id)
        if photo_id is not None:
            query = query.where(access.c.photo_id == photo_id)
        if since is not None:
            query = query.where(access.c.created >= since)
        with self._store.catalog.read() as connection, self._store.catalog.understood():
            rows = connection.execute(query.order_by(access.c.id.desc()).limit(limit))
            return [
                Access(row.created, row.who, AccessKind(row.how), row.photo_id, row.relpath) for row in rows
            ]
