"""Tables of who saw which photo, and of the photos that were purged.

They came later: a project without them gets them when it is opened for writing.
"""

from __future__ import annotations

import sqlalchemy as sa

from trainer.project.catalog.schema import Key, metadata
from trainer.project.catalog.triggers import keep_append_only

__all__ = ["access", "purged"]

access = sa.Table(  # every photo that a person opened or took out, never altered
    "access",
    metadata,
    sa.Column("id", Key, primary_key=True, autoincrement=True),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("how", sa.Text, nullable=False),  # states.AccessKind
    sa.Column("photo_id", Key, nullable=False, index=True),
    sqlite_autoincrement=True,
)
sa.Index("access_created", access.c.created)
keep_append_only(access, "the access log")

purged = sa.Table(  # photos that are no more part of the project, without their names
    "purged",
    metadata,
    sa.Column("photo_id", Key, primary_key=True, autoincrement=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("path_digest", sa.Text, nullable=False, index=True),  # salted: it is not registered again
    sa.Column("content_digest", sa.Text, index=True),  # salted; NULL: it was never read
    sa.Column("todo", sa.JSON),  # what is left to do, with its name; NULL: all is done
)
