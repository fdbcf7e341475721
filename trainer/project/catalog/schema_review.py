"""Tables of review and of a second reader: roles, verdicts on masks, photos that two people read.

They came later: a project without them gets them when it is opened for writing.
"""

from __future__ import annotations

import sqlalchemy as sa

from trainer.project.catalog.schema import Key, metadata

__all__ = ["reading", "role", "verdict"]

role = sa.Table(  # who is more than an annotator
    "role",
    metadata,
    sa.Column("annotator", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),  # states.Role
    sa.Column("changed", sa.Double, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
)

verdict = sa.Table(  # what reviewers said of masks; of one revision the last counts
    "verdict",
    metadata,
    sa.Column("id", Key, primary_key=True, autoincrement=True),
    sa.Column("photo_id", Key, nullable=False, index=True),
    sa.Column("revision_id", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),  # states.VerdictKind
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("annotator", sa.Text, nullable=False),  # whose mask it is, who gets it back
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
)
sa.Index("verdict_annotator", verdict.c.annotator, verdict.c.kind)

reading = sa.Table(  # photos that are read by two people, each without the other's mask
    "reading",
    metadata,
    sa.Column("photo_id", Key, primary_key=True, autoincrement=False),
    sa.Column("first", sa.Text, nullable=False),  # annotator
    sa.Column("first_revision", sa.Text, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("second", sa.Text, index=True),  # annotator; NULL: nobody has taken it
    sa.Column("second_revision", sa.Text),
    sa.Column("done", sa.Double),  # when the second mask was whole
    sa.Column("settled", sa.Double),  # when a reviewer decided between them
    sa.Column("chosen", sa.Text),  # states.Chosen
    sa.Column("who", sa.Text),  # the reviewer
)
_OPEN = sa.text("done IS NULL")
sa.Index("reading_open", reading.c.created, sqlite_where=_OPEN, postgresql_where=_OPEN)
