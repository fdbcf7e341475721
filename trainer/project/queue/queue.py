"""Queue of photos: the next one for each annotator, leased so that no other gets it meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.errors import ConflictError, PhotoError, ProjectError
from trainer.project.annotators.holders import refuse_other_window
from trainer.project.catalog.clock import shared_time
from trainer.project.catalog.schema import lease, photo, request, score, session, skipped
from trainer.project.catalog.schema_choice import handout
from trainer.project.catalog.schema_filter import shows
from trainer.project.queue.assignments import MOST, assigned_to, take_reading
from trainer.project.queue.lease import ASKED, Lease
from trainer.project.queue.lineup import QueueEntry, line_up, slot_plan, slot_state
from trainer.project.queue.orders import not_of, orders, ranking, recent_bursts
from trainer.project.queue.queue_filter import EVERYTHING, Chosen, QueueFilter, read_chosen
from trainer.project.states import PhotoState, Slot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trainer.project.catalog.store import Store
    from trainer.project.photos.photos import Photos

__all__ = ["ASKED", "Lease", "Queue", "QueueEntry"]

_QUEUED = photo.c.queued == sa.literal_column("1")  # literal, or the partial index is not used
_TRIES = 20


class Queue:
    """Claims, leases, skips and flags of photos."""

    def __init__(self, store: Store, photos: Photos) -> None:
        self._store = store
        self._photos = photos

    def claim_next(
        self, session_id: int, exclude: Iterable[int] = (), wanted: QueueFilter = EVERYTHING
    ) -> Lease | None:
        """Lease the next photo: one that no other session holds, and that this one has not skipped.

        Validation and test photos come as often as their share of all photos asks for, and the first
        validation photos early. The others are training photos: in a fixed random order before a model has
        ranked them, then by rank, and a share (`queue.random_share`) at random. What a reviewer sent back to
        this annotator comes before all, then what they are to read a second time. A filter chooses among
        the training photos, and counts as if somebody had opened them; what models are compared on comes
        whatever it says, or scores would be of what people filter for. Why it was handed out is recorded.

        Parameters
        ----------
        session_id : int
            The session that claims the photo.
        exclude : iterable of int
            Photos not to hand out.
        wanted : QueueFilter
            What the annotator has filtered for.

        Returns
        -------
        Lease or None
            None: there is no photo left, or none that passes the filter.

        Raises
        ------
        ProjectError
            If the session has ended.
        """
        out = tuple(exclude)
        chosen = self._chosen(wanted)
        for _ in range(_TRIES):  # a pick can be lost to another session between finding and leasing it
            with self._store.catalog.write() as connection:
                now = shared_time(connection)
                annotator = self._seen(connection, session_id, now)
                mine = assigned_to(connection, self._store, annotator, now, session_id, out)
                if mine:
                    found: tuple[int, str] | None = (mine[0].photo_id, mine[0].why)
                    slot, blind = mine[0].slot, mine[0].slot == Slot.SECOND
                else:
                    state = slot_state(connection, self._store, now)
                    slot, blind = next(slot_plan(self._store).slots(state))
                    found, by_filter = self._pick(connection, session_id, out, now, slot, chosen)
                    if by_filter:  # no fair sample any more of how good suggestions are
                        slot, blind = Slot.ASKED, False
                if found is None:
                    return None
                until = now + self._store.settings.queue.lease_seconds
                made = Lease(*found, blind, until, slot == Slot.RETURNED)
                if self._take(connection, session_id, made, now):
                    self._record(connection, session_id, made, slot, now)
                    if slot == Slot.SECOND:
                        take_reading(connection, made.photo_id, annotator)
                    return made
        raise ProjectError("the next photo could not be taken: too many annotators at once; try again")

    def claim(self, session_id: int, photo_id: int) -> Lease:
        """Lease a certain photo, as when going back or opening one from a list.

        Raises
        ------
        ConflictError
            If another session holds it, be it of the same annotator in another window.
        PhotoError
            If there is no such photo, or it is broken.
        """
        known = self._photos.get(photo_id)
        if known.state == PhotoState.BROKEN:
            raise PhotoError(f"{known.relpath}: {known.reason}")
        with self._store.catalog.write() as connection:
            now = shared_time(connection)
            made = Lease(photo_id, ASKED, False, now + self._store.settings.queue.lease_seconds)
            annotator = self._seen(connection, session_id, now)
            holder = connection.execute(
                sa.select(session.c.annotator)
                .join(lease, lease.c.session_id == session.c.id)
                .where(lease.c.photo_id == photo_id, lease.c.expires > now, session.c.id != session_id)
            ).scalar()
            if holder == annotator:  # their own photo, maybe left open by a window that crashed
                refuse_other_window(connection, photo_id, known.relpath, session_id, annotator, now)
                connection.execute(sa.delete(lease).where(lease.c.photo_id == photo_id))
            if not self._take(connection, session_id, made, now):
                raise ConflictError(
                    f"{known.relpath} is being worked on by {holder or 'somebody else'}; take another photo"
                )
            self._record(connection, session_id, made, Slot.ASKED, now)
        return made

    def extend(self, session_id: int, photo_ids: Iterable[int]) -> list[int]:
        """Prolong the leases of a session, as its sign of life; returns the photos that it still holds."""
        ids = list(photo_ids)
        with self._store.catalog.write() as connection:
            now = shared_time(connection)
            self._seen(connection, session_id, now)
            mine = sa.and_(lease.c.session_id == session_id, lease.c.photo_id.in_(ids))
            connection.execute(
                sa.update(lease).where(mine).values(expires=now + self._store.settings.queue.lease_seconds)
            )
            held = set(connection.execute(sa.select(lease.c.photo_id).where(mine)).scalars())
        return [photo_id for photo_id in ids if photo_id in held]

    def release(self, session_id: int, photo_id: int) -> None:
        """Give a photo back."""
        with self._store.catalog.write() as connection:
            self._release(connection, session_id, photo_id)

    def skip(self, session_id: int, photo_id: int) -> None:
        """Put a photo at the end of the queue; this session does not get it again."""
        with self._store.catalog.write() as connection:
            annotator = self._seen(connection, session_id, shared_time(connection))
            connection.execute(
                self._store.catalog.insert(skipped)
                .values(session_id=session_id, photo_id=photo_id)
                .on_conflict_do_nothing()
            )
            connection.execute(
                sa.update(photo).where(photo.c.id == photo_id, _QUEUED).values(back=photo.c.back + 1)
            )
            connection.execute(sa.delete(score).where(score.c.photo_id == photo_id))
            self._release(connection, session_id, photo_id)
            self._store.events.write(connection, "skip", annotator, photo_id)

    def flag(self, session_id: int, photo_id: int, note: str) -> None:
        """Take a photo out of the queue with a note for the project's owner."""
        with self._store.catalog.write() as connection:
            annotator = self._seen(connection, session_id, shared_time(connection))
            connection.execute(
                sa.update(photo)
                .where(photo.c.id == photo_id)
                .values(state=PhotoState.FLAGGED, reason=note, queued=0)
            )
            self._release(connection, session_id, photo_id)
            self._store.events.write(connection, "flag", annotator, photo_id, note=note)

    def head(
        self, n: int, annotator: str | None = None, wanted: QueueFilter = EVERYTHING
    ) -> list[QueueEntry]:
        """List the photos that would come next if nobody skipped one, for one annotator or for anybody."""
        chosen = self._chosen(wanted)
        with self._store.catalog.read() as connection:
            mine: list[QueueEntry] = []
            if annotator is not None:
                found = assigned_to(connection, self._store, annotator, shared_time(connection), limit=n)
                mine = [QueueEntry(one.photo_id, one.relpath, None, one.why) for one in found]
            return [*mine, *line_up(connection, self._store, n, chosen)][:n]

    def sent_back(self, session_id: int, annotator: str) -> list[int]:
        """List photos that a reviewer sent back to an annotator, and that nobody holds or has skipped."""
        with self._store.catalog.read() as connection:
            now = shared_time(connection)
            found = assigned_to(connection, self._store, annotator, now, session_id, limit=MOST)
        return [one.photo_id for one in found if one.slot == Slot.RETURNED]

    def why(self, photo_id: int) -> str:
        """Return the reason for which a photo was handed out last; empty: it never was."""
        if not self._store.catalog.is_complete:
            return ""
        query = sa.select(handout.c.why).where(handout.c.photo_id == photo_id)
        with self._store.catalog.read() as connection:
            return connection.execute(query.order_by(handout.c.id.desc()).limit(1)).scalar() or ""

    def request_prediction(self, session_id: int, photo_ids: Iterable[int]) -> None:
        """Ask the trainer for suggestions; what is asked for comes before training."""
        ids = list(photo_ids)
        if ids:
            with self._store.catalog.write() as connection:
                now = shared_time(connection)
                rows = [{"session_id": session_id, "photo_id": photo_id, "created": now} for photo_id in ids]
                connection.execute(self._store.catalog.insert(request).on_conflict_do_nothing(), rows)

    def _chosen(self, wanted: QueueFilter) -> Chosen | None:
        """Look a filter up before anything is locked."""
        if wanted.class_index is not None and not self._store.catalog.has(shows):
            return Chosen((), empty=True)  # a project of before, open for reading only
        with self._store.catalog.read() as connection:
            return read_chosen(connection, wanted)

    def _seen(self, connection: sa.Connection, session_id: int, now: float) -> str:
        """Note a session's sign of life; returns its annotator."""
        row = connection.execute(sa.select(session).where(session.c.id == session_id)).one_or_none()
        if row is None or row.ended is not None:
            raise ProjectError("this annotation session has ended; open the project again to go on")
        if now - row.seen > 1.0:
            connection.execute(sa.update(session).where(session.c.id == session_id).values(seen=now))
        return str(row.annotator)

    def _release(self, connection: sa.Connection, session_id: int, photo_id: int) -> None:
        connection.execute(
            sa.delete(lease).where(lease.c.photo_id == photo_id, lease.c.session_id == session_id)
        )
        connection.execute(
            sa.delete(request).where(request.c.photo_id == photo_id, request.c.session_id == session_id)
        )

    def _take(self, connection: sa.Connection, session_id: int, wanted: Lease, now: float) -> bool:
        """Lease a photo unless another session has a lease that still runs."""
        row = {"photo_id": wanted.photo_id, "session_id": session_id, "expires": wanted.expires}
        free = sa.or_(lease.c.expires <= now, lease.c.session_id == session_id)
        done = connection.execute(
            self._store.catalog.insert(lease)
            .values(row)
            .on_conflict_do_update(index_elements=["photo_id"], set_=row, where=free)
            .returning(lease.c.photo_id)
        )
        return done.scalar() is not None

    def _record(
        self, connection: sa.Connection, session_id: int, made: Lease, slot: Slot, now: float
    ) -> None:
        connection.execute(
            sa.insert(handout).values(
                photo_id=made.photo_id,
                session_id=session_id,
                slot=slot,
                why=made.why,
                blind=int(made.blind),
                ranking=ranking(connection),
                created=now,
            )
        )

    def _pick(
        self,
        connection: sa.Connection,
        session_id: int,
        out: Sequence[int],
        now: float,
        slot: Slot,
        chosen: Chosen | None,
    ) -> tuple[tuple[int, str] | None, bool]:
        """Find the photo for this session: the first of the orders with one left; whether by the filter."""
        if chosen is not None and chosen.empty:
            return None, False
        queue = self._store.settings.queue
        bursts = [] if queue.bursts_together else recent_bursts(connection, queue.bursts_apart - 1)
        turn = orders(slot, ranking(connection), filtered=chosen is not None)
        for apart in (True, False) if bursts else (False,):  # the last photos may all be of one burst
            for order in turn:
                fitting = order.query(now, chosen).where(
                    ~sa.exists().where(skipped.c.photo_id == photo.c.id, skipped.c.session_id == session_id)
                )
                if out:
                    fitting = fitting.where(photo.c.id.not_in(out))
                if apart:
                    fitting = fitting.where(not_of(bursts))
                # Two sessions ask at once: on PostgreSQL each passes over the row that the other is looking
                # at, on SQLite the clause is left out, as BEGIN IMMEDIATE has let in one of them alone. The
                # lease itself is decided in `_take`; without the lock both would find the same photo, and
                # one retry.
                row = connection.execute(fitting.limit(1).with_for_update(skip_locked=True, of=photo)).first()
                if row is not None:
                    return (int(row.id), str(row.why)), chosen is not None and not order.anybody
        return None, False
