"""Double readings: photos that a second annotator labels without seeing the first mask."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.errors import ConflictError
from trainer.project.catalog.schema import photo
from trainer.project.catalog.schema_review import reading
from trainer.project.states import FINISHED, Chosen, RevisionKind

if TYPE_CHECKING:
    from trainer.project.annotators.annotators import Annotators
    from trainer.project.catalog.store import Store
    from trainer.project.revisions import Revision

__all__ = ["Reading", "Readings", "begin_reading", "is_second", "keep_second"]


@dataclass(frozen=True)
class Reading:
    """A photo that two people read: whose masks there are, and how far it is."""

    photo_id: int
    first: str
    first_revision: str
    second: str | None
    second_revision: str | None
    done: float | None
    settled: float | None
    chosen: Chosen | None

    @property
    def waits(self) -> bool:
        """Whether both masks are there and nobody has decided between them."""
        return self.done is not None and self.settled is None


class Readings:
    """The double readings of a project."""

    def __init__(self, store: Store, annotators: Annotators) -> None:
        self._store, self._annotators = store, annotators

    def get(self, photo_id: int) -> Reading | None:
        """Return the double reading of a photo, if it has one."""
        found = self._list(reading.c.photo_id == photo_id)
        return found[0] if found else None

    def both(self) -> list[Reading]:
        """Return the photos that both have read, by time."""
        return self._list(reading.c.done.is_not(None))

    def waiting(self) -> list[Reading]:
        """Return those of them that nobody has decided on."""
        return self._list(reading.c.done.is_not(None), reading.c.settled.is_(None))

    def of_second(self, photo_id: int, annotator: str) -> Reading | None:
        """Return the reading in which somebody is the second reader of a photo, until it is settled."""
        mine = (reading.c.photo_id == photo_id, reading.c.second == annotator, reading.c.settled.is_(None))
        found = self._list(*mine)
        return found[0] if found else None

    def settle(self, photo_id: int, chosen: Chosen, who: str) -> None:
        """Note which mask stands, once it does; the caller makes it the current one.

        Raises
        ------
        ConfigError
            If `who` is no reviewer.
        ConflictError
            If there is nothing to decide, or it was decided.
        """
        self._annotators.require_reviewer(who)
        values = {"settled": time.time(), "chosen": chosen, "who": who}
        with self._store.catalog.write(durable=True) as connection:
            waits = (reading.c.photo_id == photo_id, reading.c.done.is_not(None), reading.c.settled.is_(None))
            if connection.execute(sa.update(reading).where(*waits).values(values)).rowcount != 1:
                raise ConflictError(f"photo {photo_id}: no two readings wait for a decision")
            self._store.events.write(connection, "settled", who, photo_id, chosen=chosen)

    def _list(self, *conditions: sa.ColumnElement[bool]) -> list[Reading]:
        if not self._store.catalog.has(reading):
            return []
        columns = [reading.c[name] for name in Reading.__annotations__]
        query = sa.select(*columns).join(photo, photo.c.id == reading.c.photo_id).where(*conditions)
        query = query.order_by(reading.c.created, reading.c.photo_id)
        with self._store.catalog.read() as connection, self._store.catalog.understood():
            rows = connection.execute(query).mappings().all()
            return [
                Reading(**{**row, "chosen": None if row["chosen"] is None else Chosen(row["chosen"])})
                for row in rows
            ]


def begin_reading(connection: sa.Connection, store: Store, made: Revision) -> None:
    """Choose a photo to be read twice when its first whole mask is saved: by a salted hash, once for all.

    Masks that came from files are not read again: nobody knows what their makers saw.
    """
    share = store.settings.review.double_share
    if made.kind not in FINISHED or _draw(store.salt, made.photo_id) >= share:
        return
    connection.execute(
        store.catalog.insert(reading)
        .values(
            photo_id=made.photo_id,
            first=made.annotator,
            first_revision=made.id,
            created=made.created,
        )
        .on_conflict_do_nothing()
    )


def is_second(connection: sa.Connection, store: Store, photo_id: int, annotator: str) -> bool:
    """Whether somebody is the second reader of a photo that is not settled: their mask stays beside."""
    if not store.catalog.has(reading):
        return False
    mine = (reading.c.photo_id == photo_id, reading.c.second == annotator, reading.c.settled.is_(None))
    return connection.execute(sa.select(reading.c.photo_id).where(*mine)).first() is not None


def keep_second(connection: sa.Connection, made: Revision) -> None:
    """Note the second reader's mask beside the first, which stays the current one."""
    values: dict[str, object] = {"second_revision": made.id}
    if made.kind != RevisionKind.PART:
        values["done"] = made.created
    connection.execute(sa.update(reading).where(reading.c.photo_id == made.photo_id).values(values))


def _draw(salt: str, photo_id: int) -> float:
    found = hashlib.blake2b(f"{salt}/double/{photo_id}".encode(), digest_size=8).digest()
    return int.from_bytes(found) / 2**64
