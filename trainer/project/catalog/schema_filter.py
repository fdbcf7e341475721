"""Table of what suggestions show, and the index of groups, by which an annotator filters the queue.

They came later: a project without them gets them when it is opened for writing.
"""

from __future__ import annotations

import sqlalchemy as sa

from trainer.project.catalog.schema import Key, metadata, photo
from trainer.project.catalog.triggers import add_after_create

__all__ = ["shows"]

shows = sa.Table(  # the classes that the latest model to look at a photo has seen on it
    "shows",
    metadata,
    sa.Column("class_index", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("photo_id", Key, primary_key=True, autoincrement=False, index=True),
    sqlite_with_rowid=False,
)

_QUEUED = sa.text("queued = 1")
sa.Index("photo_group_queue", photo.c.group_name, sqlite_where=_QUEUED, postgresql_where=_QUEUED)
for _dialect in ("sqlite", "postgresql"):
    add_after_create(
        shows,
        _dialect,
        "CREATE INDEX IF NOT EXISTS photo_group_queue ON photo (group_name) WHERE queued = 1",
    )
