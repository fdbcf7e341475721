"""Rows of a photo that is purged: deleted, or kept without its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog import schema, schema_choice, schema_filter, schema_review
from trainer.project.catalog.triggers import unlocked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.project.privacy.traces import Traces

__all__ = ["MADE_FROM_IT", "SPEAKING", "remove_rows", "take_name_out", "texts_of"]

MADE_FROM_IT: Mapping[str, sa.Table] = {
    "suggestion": schema.prediction,
    "unfinished work": schema.draft,
    "score": schema.score,
    "statistics and features": schema_choice.statistic,
    "likeness": schema_choice.likeness,
    "classes seen on it": schema_filter.shows,
    "measurement": schema_choice.measured,
    "lease": schema.lease,
    "skipped": schema.skipped,
    "request": schema.request,
    "verdict": schema_review.verdict,
    "second reading": schema_review.reading,
}
"""Tables whose rows of this photo go, under a word for what they hold."""

SPEAKING = (schema.event, schema.round_, schema.model, schema.serving, schema.command, schema.trainer)
"""Tables with texts that may name a photo, and that stay."""

KEPT_OF_EVENTS = ("revision",)


def remove_rows(connection: sa.Connection, traces: Traces) -> dict[str, int]:
    """Delete the rows of a photo and all that was made from it; returns how many of each kind.

    What people did stays under the photo's bare number: visits, hand-outs, events and the access log.
    """
    counts = {}
    for name, table in MADE_FROM_IT.items():
        done = connection.execute(sa.delete(table).where(table.c.photo_id == traces.photo_id))
        counts[name] = int(done.rowcount)
    if traces.masks:
        done = connection.execute(
            sa.delete(schema.revision).where(schema.revision.c.photo_id == traces.photo_id)
        )
        counts["mask"] = int(done.rowcount)
    _leave_group(connection, traces)
    connection.execute(sa.delete(schema.photo).where(schema.photo.c.id == traces.photo_id))
    return {name: count for name, count in counts.items() if count}


def _leave_group(connection: sa.Connection, traces: Traces) -> None:
    """Forget the name of a group that was this photo's alone, and rename one that was named after it."""
    photo, group = schema.photo, schema.photo_group
    row = connection.execute(
        sa.select(photo.c.group_name, photo.c.root_id).where(photo.c.id == traces.photo_id)
    ).one_or_none()
    if row is None:
        return
    others = sa.and_(photo.c.group_name == row.group_name, photo.c.id != traces.photo_id)
    shared = connection.execute(sa.select(photo.c.id).where(others).limit(1)).first() is not None
    if not shared:
        connection.execute(sa.delete(group).where(group.c.name == row.group_name))
    elif row.group_name == f"{row.root_id}:{traces.relpath}":
        connection.execute(sa.update(photo).where(others).values(group_name=f"photo-{traces.photo_id}"))
        connection.execute(sa.delete(group).where(group.c.name == row.group_name))


def take_name_out(connection: sa.Connection, traces: Traces) -> int:
    """Take the photo's name out of the texts that stay; returns how many rows were changed."""
    changed = 0
    for table in SPEAKING:
        if table is schema.event:
            with unlocked(connection, table):
                changed += _own_events(connection, traces) + _reword(connection, table, traces)
        else:
            changed += _reword(connection, table, traces)
    return changed


def _own_events(connection: sa.Connection, traces: Traces) -> int:
    """Keep who did what to it and when; notes and reasons may describe the person on it."""
    event = schema.event
    mine = sa.select(event.c.id, event.c.data).where(event.c.photo_id == traces.photo_id)
    changed = 0
    for row in connection.execute(mine).all():
        kept = {key: value for key, value in row.data.items() if key in KEPT_OF_EVENTS}
        if kept != row.data:
            connection.execute(sa.update(event).where(event.c.id == row.id).values(data=kept))
            changed += 1
    return changed


def _reword(connection: sa.Connection, table: sa.Table, traces: Traces) -> int:
    changed = 0
    columns = speaking_columns(table)
    for row in texts_of(connection, table, traces):
        values = {column.name: traces.out_of(row[column.name]) for column in columns}
        new = {name: value for name, value in values.items() if value != row[name]}
        if new:
            key = sa.and_(*(column == row[column.name] for column in table.primary_key))
            connection.execute(sa.update(table).where(key).values(new))
            changed += 1
    return changed


def texts_of(connection: sa.Connection, table: sa.Table, traces: Traces) -> list[sa.RowMapping]:
    """Return the rows with a text, or a text in JSON, that holds one of the words of a photo."""
    columns = speaking_columns(table)
    found = [
        sa.cast(column, sa.Text).contains(word, autoescape=True)
        for column in columns
        for word in traces.words
    ]
    if not found:
        return []
    query = sa.select(*table.primary_key, *columns).where(sa.or_(*found))
    return list(connection.execute(query).mappings())


def speaking_columns(table: sa.Table) -> list[sa.Column[object]]:
    """Return the columns of texts and of JSON, the key left out."""
    return [
        column
        for column in table.columns
        if isinstance(column.type, (sa.Text, sa.JSON)) and not column.primary_key
    ]
