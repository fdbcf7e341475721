"""Verdicts of reviewers on masks: approved, or sent back with a note. Of one mask the last verdict counts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.errors import ConfigError, ConflictError
from trainer.project.annotators.holders import holders_of
from trainer.project.catalog.schema import photo, revision
from trainer.project.catalog.schema_choice import measured
from trainer.project.catalog.schema_review import reading, verdict
from trainer.project.states import PhotoState, VerdictKind

if TYPE_CHECKING:
    from trainer.project.annotators.annotators import Annotators
    from trainer.project.catalog.store import Store
    from trainer.project.photos.photos import Photos

__all__ = ["ReviewFilter", "Reviewable", "Verdict", "Verdicts", "is_approved"]

UNSEEN = "to review"
TWO_READINGS = "two readings"
"""Asks for photos that two people have read and nobody has decided on, whatever was said of the masks."""


@dataclass(frozen=True)
class Verdict:
    """What a reviewer said of one mask."""

    photo_id: int
    revision_id: str
    kind: VerdictKind
    who: str
    annotator: str
    note: str
    created: float


@dataclass(frozen=True)
class ReviewFilter:
    """Which masks a reviewer wants to see; None: all.

    Attributes
    ----------
    state
        A `VerdictKind`, `UNSEEN` for masks that no verdict was given on since they were saved, or
        `TWO_READINGS`.
    class_index
        Only masks that hold this class, as far as they were measured.
    not_alone_by
        Only photos that somebody else than this annotator has worked on: not masks that are all their own.
    """

    state: str | None = UNSEEN
    annotator: str | None = None
    split: str | None = None
    class_index: int | None = None
    not_alone_by: str | None = None


@dataclass(frozen=True)
class Reviewable:
    """A finished mask, and what was said of it."""

    photo_id: int
    relpath: str
    annotator: str
    split: str
    saved: float
    state: str
    note: str
    head: str


def is_approved(revision_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Hold for revisions whose last verdict approves them."""
    mine = verdict.alias()
    last = sa.select(mine.c.kind).where(mine.c.revision_id == revision_id).order_by(mine.c.id.desc())
    return last.limit(1).scalar_subquery() == VerdictKind.APPROVED


class Verdicts:
    """Giving verdicts, and finding what waits for one."""

    def __init__(self, store: Store, photos: Photos, annotators: Annotators) -> None:
        self._store, self._photos, self._annotators = store, photos, annotators

    def approve(self, photo_id: int, revision_id: str, who: str, session_id: int | None = None) -> Verdict:
        """Approve the current mask of a photo; parameters and errors as for `send_back`."""
        return self._give(photo_id, revision_id, VerdictKind.APPROVED, who, "", session_id)

    def send_back(
        self, photo_id: int, revision_id: str, who: str, note: str, session_id: int | None = None
    ) -> Verdict:
        """Send the current mask back to its annotator, at the head of whose queue it stands with the note.

        Parameters
        ----------
        revision_id : str
            The mask that was looked at.
        session_id : int, optional
            The reviewer's own window, which may hold the photo.

        Raises
        ------
        ConfigError
            If `who` is no reviewer, or there is no note.
        ConflictError
            If somebody is correcting the photo now, or has saved it since it was looked at.
        """
        if not note.strip():
            raise ConfigError("a mask that is sent back needs a note: say what is wrong with it")
        return self._give(photo_id, revision_id, VerdictKind.RETURNED, who, note.strip(), session_id)

    def _give(
        self,
        photo_id: int,
        revision_id: str,
        kind: VerdictKind,
        who: str,
        note: str,
        session_id: int | None,
    ) -> Verdict:
        self._annotators.require_reviewer(who)
        name = self._photos.get(photo_id).relpath
        with self._store.catalog.write(durable=True) as connection:
            mine = sa.select(photo.c.head).where(photo.c.id == photo_id).with_for_update()
            head = connection.execute(mine).scalar()
            for holder in holders_of(connection, [photo_id], but=session_id):
                raise ConflictError(
                    f"{name} is being corrected by {holder.text}: review it when they have gone on"
                )
            if head is None or head != revision_id:
                raise ConflictError(f"{name} was saved again meanwhile: look at the new mask first")
            author = _author(connection, photo_id, revision_id, who)
            made = Verdict(photo_id, revision_id, kind, who, author, note, time.time())
            connection.execute(sa.insert(verdict).values(vars(made)))
            self._store.events.write(connection, kind, who, photo_id, revision=revision_id)
        return made

    def of(self, photo_id: int) -> Verdict | None:
        """Return the verdict on a photo's current mask; one that was saved anew has none."""
        if not self._store.catalog.has(verdict):
            return None
        query = (
            sa.select(verdict)
            .join(photo, photo.c.head == verdict.c.revision_id)
            .where(photo.c.id == photo_id)
            .order_by(verdict.c.id.desc())
            .limit(1)
        )
        with self._store.catalog.read() as connection, self._store.catalog.understood():
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                return None
            known = {name: row[name] for name in Verdict.__annotations__}
            return Verdict(**{**known, "kind": VerdictKind(row["kind"])})

    def to_review(self, wanted: ReviewFilter, n: int) -> list[Reviewable]:
        """List at most `n` finished masks, the oldest first, so that none waits for ever."""
        if not self._store.catalog.has(verdict):
            return []
        mine = verdict.alias()
        last = sa.select(sa.func.max(mine.c.id)).where(mine.c.revision_id == photo.c.head).scalar_subquery()
        state = sa.func.coalesce(verdict.c.kind, UNSEEN)
        query = (
            sa.select(photo.c.id, photo.c.relpath, photo.c.split, revision.c.annotator, revision.c.created)
            .add_columns(
                photo.c.head, state.label("state"), sa.func.coalesce(verdict.c.note, "").label("note")
            )
            .join(revision, revision.c.id == photo.c.head)
            .outerjoin(verdict, verdict.c.id == last)
            .where(photo.c.head.is_not(None), photo.c.state == PhotoState.LABELLED)
            .order_by(revision.c.created, photo.c.id)
        )
        for column, value in (
            (state, None if wanted.state == TWO_READINGS else wanted.state),
            (revision.c.annotator, wanted.annotator),
            (photo.c.split, wanted.split),
        ):
            if value is not None:
                query = query.where(column == value)
        if wanted.state == TWO_READINGS:
            waits = (reading.c.done.is_not(None), reading.c.settled.is_(None))
            query = query.where(sa.exists().where(reading.c.photo_id == photo.c.id, *waits))
        if wanted.not_alone_by is not None:
            others = revision.alias()
            theirs = (others.c.photo_id == photo.c.id, others.c.annotator != wanted.not_alone_by)
            query = query.where(sa.exists().where(*theirs))
        if wanted.class_index is not None:
            query = query.add_columns(measured.c.pixels).join(
                measured, measured.c.revision_id == revision.c.id
            )
        found: list[Reviewable] = []
        with self._store.catalog.read() as connection:
            for row in connection.execution_options(yield_per=500).execute(query):
                if wanted.class_index is not None and not row.pixels[wanted.class_index]:
                    continue
                found.append(
                    Reviewable(
                        row.id,
                        row.relpath,
                        row.annotator,
                        row.split,
                        row.created,
                        row.state,
                        row.note,
                        row.head,
                    )
                )
                if len(found) == n:
                    break
        return found


def _author(connection: sa.Connection, photo_id: int, revision_id: str, reviewer: str) -> str:
    """Find whose mask it is: where the reviewer has saved it last, of whoever did before them."""
    mine = sa.select(revision.c.annotator).where(revision.c.photo_id == photo_id)
    last = connection.execute(mine.where(revision.c.id == revision_id)).scalar_one()
    if last != reviewer:
        return str(last)
    others = mine.where(revision.c.annotator != reviewer).order_by(revision.c.created.desc())
    return str(connection.execute(others.limit(1)).scalar() or last)
