"""Purge of a photo: its row and all that was made from it. The photo file itself is never touched.

One transaction deletes the rows and notes what is left to do; then the files go, then what the database keeps
of deleted rows. Interrupted anywhere, it is run again and finishes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from trainer.errors import ConflictError, PhotoError
from trainer.project.annotators.holders import holders_of
from trainer.project.catalog import schema
from trainer.project.catalog.schema_privacy import purged
from trainer.project.maintenance.stranded import stranded_of_photo
from trainer.project.photo import file_name
from trainer.project.photos.purged import digest
from trainer.project.privacy.proof import Proof, prove
from trainer.project.privacy.purge_files import learning_rounds, remove_files
from trainer.project.privacy.purge_rows import remove_rows, take_name_out
from trainer.project.privacy.scrub import scrub
from trainer.project.privacy.traces import Traces
from trainer.project.states import RoundState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.project.project import Project

FROM_MASKS_ALONE = frozenset({"probe", "supervised", "unet", "fpn", "multitask"})
"""Recipes that look at no photo without a mask."""

__all__ = ["Purged", "find_traces", "learnt_from", "purge_photo", "unfinished"]


@dataclass(frozen=True)
class Purged:
    """What a purge removed, what it leaves, and the proof."""

    traces: Traces
    removed: dict[str, int]
    proof: Proof
    unsure: tuple[str, ...] = ()
    """What could not be done now, each with its mend."""


def find_traces(project: Project, names: Sequence[str], masks: bool) -> list[Traces]:
    """Find photos by id, path or name, those of an interrupted purge too, with all that is known of each.

    Raises
    ------
    PhotoError
        If there is no such photo, it was purged before, or one with the same pixels would stay.
    """
    found = list({traces.photo_id: traces for traces in (_find(project, n, masks) for n in names)}.values())
    ids = [traces.photo_id for traces in found]
    photo = schema.photo
    with project.catalog.read() as connection:
        for traces in found:
            if traces.sha256 is None:
                continue
            same = sa.and_(photo.c.sha256 == traces.sha256, photo.c.id.not_in(ids))
            twin = connection.execute(sa.select(photo.c.relpath).where(same)).scalar()
            if twin is not None:
                raise PhotoError(
                    f"{traces.relpath} shows the same pixels as {twin}, which would stay: name both"
                )
    return found


def learnt_from(project: Project, traces: Traces) -> tuple[list[str], list[str]]:
    """Return the models that learnt from its masks, and those that may have seen it without a mask."""
    learnt = schema.learnt
    query = sa.select(learnt.c.model_id).where(learnt.c.revision_id.in_(traces.revisions)).distinct()
    with project.catalog.read() as connection:
        sure = sorted(connection.execute(query).scalars())
    maybe = [m.id for m in project.models.all() if m.recipe not in FROM_MASKS_ALONE and m.id not in sure]
    return sure, sorted(maybe)


def unfinished(project: Project) -> list[int]:
    """Return the numbers of photos whose purge was interrupted."""
    if not project.catalog.has(purged):
        return []
    query = sa.select(purged.c.photo_id).where(purged.c.todo.is_not(sa.null()))
    with project.catalog.read() as connection:
        return list(connection.execute(query.order_by(purged.c.photo_id)).scalars())


def purge_photo(project: Project, traces: Traces, who: str) -> Purged:
    """Remove a photo and its traces; no trainer may run meanwhile.

    Parameters
    ----------
    traces
        From `find_traces`.
    who
        Who asked for it, which is kept.

    Raises
    ------
    ConflictError
        If somebody has the photo in the window.
    ReadOnlyError
        If the project is open for reading only.
    """
    project.require_writable()
    removed = _take_rows(project, traces, who)
    stopped = [path.name for path in learning_rounds(project.path, traces)]
    for key, count in remove_files(project, traces).items():
        removed[key] = removed.get(key, 0) + count
    _stop_rounds(project, stopped)
    # Without the name, which the scrubbing then finds in deleted rows alone.
    _set_todo(project, traces, _nameless(traces).to_dict())
    unsure = scrub(project)
    _set_todo(project, traces, None)
    return Purged(traces, removed, prove(project, traces), tuple(unsure))


def _find(project: Project, name: str, masks: bool) -> Traces:
    try:
        return _traces(project, project.photos.find(name).id, masks)
    except PhotoError as error:
        row = _find_purged(project, name)
        if row is None:
            raise
        if row.todo is not None:
            return Traces.from_dict(row.todo)
        left = _masks_of(project, row.photo_id)
        if masks and left.revisions:
            return left
        at = time.strftime("%Y-%m-%d", time.localtime(row.created))
        stay = "; its masks stay, add --masks to remove them" if left.revisions else ""
        raise PhotoError(f"photo {row.photo_id} was purged by {row.who} on {at}{stay}") from error


def _masks_of(project: Project, photo_id: int) -> Traces:
    """Return what is left of a photo that was purged without its masks."""
    revision = schema.revision
    query = sa.select(revision.c.id, revision.c.path).where(revision.c.photo_id == photo_id)
    with project.catalog.read() as connection:
        rows = connection.execute(query).all()
    nameless = Traces(photo_id, f"purged photo {photo_id}", "", None, True, ())
    return replace(nameless, revisions=tuple(row.id for row in rows), files=tuple(row.path for row in rows))


def _find_purged(project: Project, name: str) -> sa.Row[Any] | None:
    """Find a purged photo by its number, its path, or its name where the purge was interrupted."""
    if not project.catalog.has(purged):
        return None
    paths = [digest(project.salt, str(root.registered), name) for root in project.registration.roots()]
    with project.catalog.read() as connection:
        rows = connection.execute(sa.select(purged).order_by(purged.c.photo_id)).all()
    for row in rows:
        names = {row.todo["relpath"], file_name(row.todo["relpath"])} if row.todo else set()
        if name in (str(row.photo_id), *names) or row.path_digest in paths:
            return row
    return None


def _traces(project: Project, photo_id: int, masks: bool) -> Traces:
    known = project.photos.get(photo_id)
    root = next(root for root in project.registration.roots() if root.id == known.root_id)
    files: list[str] = []
    with project.catalog.read() as connection:
        for table in (schema.revision, schema.prediction, schema.draft):
            paths = sa.select(table.c.path).where(table.c.photo_id == photo_id)
            files += connection.execute(paths).scalars()
        mine = schema.revision.c.photo_id == photo_id
        revisions = list(connection.execute(sa.select(schema.revision.c.id).where(mine)).scalars())
        told = schema.event.c.photo_id == photo_id
        events = connection.execute(sa.select(schema.event.c.kind, schema.event.c.data).where(told)).all()
        alone = not _name_is_shared(connection, photo_id, known.relpath)
    files += [f"aside/{data['path']}" for kind, data in events if kind == "draft set aside"]
    files += [path.relative_to(project.path).as_posix() for path in stranded_of_photo(project, photo_id)]
    before = [str(data["before"]) for kind, data in events if kind == "moved"]
    names = [f"{root.registered.as_posix()}/{known.relpath}", known.path.as_posix(), known.relpath, *before]
    if alone:
        names.append(file_name(known.relpath))
    return Traces(
        photo_id,
        known.relpath,
        str(root.registered),
        known.sha256,
        masks,
        tuple(dict.fromkeys(names)),
        tuple(revisions),
        tuple(dict.fromkeys(files)),
    )


def _name_is_shared(connection: sa.Connection, photo_id: int, relpath: str) -> bool:
    query = sa.select(schema.photo.c.relpath).where(
        schema.photo.c.stem == PurePosixPath(relpath).stem, schema.photo.c.id != photo_id
    )
    return any(file_name(other) == file_name(relpath) for other in connection.execute(query).scalars())


def _take_rows(project: Project, traces: Traces, who: str) -> dict[str, int]:
    """Delete the rows and note what is left to do, all or nothing."""
    photo = schema.photo
    with project.catalog.write(durable=True) as connection:
        # The row is locked first: on PostgreSQL the queue passes over it from here on.
        connection.execute(sa.select(photo.c.id).where(photo.c.id == traces.photo_id).with_for_update())
        for holder in holders_of(connection, [traces.photo_id]):
            raise ConflictError(
                f"{traces.relpath} is in the hands of {holder.text}: purge it when they have gone on to "
                "another photo, or closed the window"
            )
        removed = remove_rows(connection, traces)
        take_name_out(connection, traces)
        row = {
            "photo_id": traces.photo_id,
            "created": time.time(),
            "who": who,
            "path_digest": digest(project.salt, traces.root, traces.relpath),
            "content_digest": None if traces.sha256 is None else digest(project.salt, traces.sha256),
            "todo": traces.to_dict(),
        }
        insert = project.catalog.insert(purged).values(row)
        connection.execute(
            insert.on_conflict_do_update(index_elements=["photo_id"], set_={"todo": traces.to_dict()})
        )
        project.events.write(connection, "purge", who, traces.photo_id, masks=traces.masks)
    return removed


def _stop_rounds(project: Project, ids: list[str]) -> None:
    for known in project.trainer.rounds():
        if known.id in ids and known.ended is None:
            project.trainer.finish_round(
                known.id, RoundState.STOPPED, why="a photo that it learnt from was purged"
            )


def _nameless(traces: Traces) -> Traces:
    return replace(traces, relpath=traces.stand_in, root="", sha256=None, names=())


def _set_todo(project: Project, traces: Traces, todo: dict[str, Any] | None) -> None:
    with project.catalog.write(durable=True) as connection:
        connection.execute(
            sa.update(purged)
            .where(purged.c.photo_id == traces.photo_id)
            .values(todo=sa.null() if todo is None else todo)
        )
