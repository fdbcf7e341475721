"""Search of the photos by what is known of them, a page at a time, each as quick in the largest project."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog.schema import photo, revision, score
from trainer.project.catalog.schema_choice import measured
from trainer.project.queue.orders import ranking
from trainer.project.queue.queue_filter import of_group
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from trainer.project.catalog.store import Store

__all__ = ["PAGE", "PhotoFilter", "PhotoSearch", "SearchPage", "SearchResult"]

PAGE = 100
CHUNK = 50_000
"""Ids looked through in one query: some 20 ms, so that a search for little in much can be stopped."""
PATIENCE = 0.25
"""Seconds after which a page is handed over with what it has found so far."""


@dataclass(frozen=True)
class PhotoFilter:
    """What a photo must have to be listed; what is None or empty is not asked for.

    Attributes
    ----------
    text
        Part of its relative path, in any case.
    state, split, annotator
        Of the photo; the annotator is that of its current mask.
    group
        Part of the name of its group, in any case.
    class_index
        A class of which its current mask holds a pixel, as far as masks have been measured.
    by_rank
        Those that wait in the queue and were ranked, the most useful first; else all, as registered.
    """

    text: str = ""
    state: PhotoState | None = None
    split: str | None = None
    annotator: str | None = None
    group: str | None = None
    class_index: int | None = None
    by_rank: bool = False


@dataclass(frozen=True)
class SearchResult:
    """One photo that was found.

    Attributes
    ----------
    head
        Its current mask.
    said
        Why it ranks where it does, else the note of a flag or what is wrong with the file.
    """

    photo_id: int
    relpath: str
    state: PhotoState
    head: str | None
    annotator: str | None
    said: str


@dataclass(frozen=True)
class SearchPage:
    """Results, and where the next page begins: None at the end. `share` of the project is looked through."""

    results: tuple[SearchResult, ...]
    after: tuple[float, int] | None
    share: float


class PhotoSearch:
    """Pages of photos that pass a filter."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, wanted: PhotoFilter, after: tuple[float, int] | None = None, n: int = PAGE) -> SearchPage:
        """Return the next results of a search, at most `n` and maybe none yet.

        Parameters
        ----------
        wanted
            The filter.
        after
            As the page before said; None at the beginning.
        n
            Results a page.
        """
        with self._store.catalog.read() as connection:
            return (_by_rank if wanted.by_rank else _by_id)(connection, wanted, after, n)

    def annotators(self) -> list[str]:
        """Names of all who have saved a mask."""
        with self._store.catalog.read() as connection:
            found = connection.execute(sa.select(revision.c.annotator).distinct())
            return sorted(found.scalars(), key=str.casefold)


def _by_id(
    connection: sa.Connection, wanted: PhotoFilter, after: tuple[float, int] | None, n: int
) -> SearchPage:
    last = connection.execute(sa.select(sa.func.max(photo.c.id))).scalar() or 0
    place, until = (0 if after is None else after[1]), time.monotonic() + PATIENCE
    found: list[SearchResult] = []
    while place < last and len(found) < n:
        end = place + CHUNK
        query = _query(wanted).where(photo.c.id > place, photo.c.id <= end).order_by(photo.c.id)
        rows = connection.execute(query.limit(n - len(found))).all()
        found += [_result(row) for row in rows]
        place = found[-1].photo_id if len(found) == n else end
        if time.monotonic() > until:
            break
    return SearchPage(
        tuple(found), (0.0, place) if place < last else None, min(1.0, place / last) if last else 1.0
    )


def _by_rank(
    connection: sa.Connection, wanted: PhotoFilter, after: tuple[float, int] | None, n: int
) -> SearchPage:
    ranked = sa.tuple_(score.c.score, score.c.photo_id)
    query = _query(wanted, score.c.score, score.c.why).join(score, score.c.photo_id == photo.c.id)
    query = query.where(score.c.model_id == ranking(connection))
    if after is not None:
        query = query.where(ranked < sa.tuple_(*map(sa.literal, after)))
    rows = connection.execute(query.order_by(score.c.score.desc(), score.c.photo_id.desc()).limit(n)).all()
    end = (rows[-1].score, rows[-1].id) if len(rows) == n else None
    return SearchPage(tuple(_result(row) for row in rows), end, 1.0)


def _query(wanted: PhotoFilter, *rank: sa.ColumnElement[float | str]) -> sa.Select[tuple[object, ...]]:
    columns = (photo.c.id, photo.c.relpath, photo.c.state, photo.c.head, revision.c.annotator)
    query = sa.select(*columns, *(rank or (photo.c.reason.label("why"),)))
    query = query.outerjoin(revision, revision.c.id == photo.c.head)
    if wanted.text:
        query = query.where(photo.c.relpath.icontains(wanted.text.replace("\\", "/"), autoescape=True))
    if wanted.group:
        query = query.where(of_group(wanted.group))
    for column, needed in (
        (photo.c.state, wanted.state),
        (photo.c.split, wanted.split),
        (revision.c.annotator, wanted.annotator),
    ):
        if needed is not None:
            query = query.where(column == needed)
    if wanted.class_index is not None:
        query = query.join(measured, measured.c.revision_id == photo.c.head)
        query = query.where(measured.c.pixels[wanted.class_index].as_integer() > 0)
    return query


def _result(row: sa.Row[tuple[object, ...]]) -> SearchResult:
    found = row._mapping
    return SearchResult(
        found["id"],
        found["relpath"],
        PhotoState(found["state"]),
        found["head"],
        found["annotator"],
        found["why"] or "",
    )
