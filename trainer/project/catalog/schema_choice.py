"""Tables behind the choice of photos: counts that are kept, reasons, statistics, bursts, measured masks.

They came after the first projects were made: a project without them gets them when it is opened for writing.
"""

from __future__ import annotations

import sqlalchemy as sa

from trainer.project.catalog.schema import Key, metadata, photo
from trainer.project.catalog.triggers import add_after_create, keep_counts

__all__ = ["TABLES", "handout", "likeness", "measured", "statistic", "tally", "tally_change"]

tally = sa.Table(  # kept by triggers: how many photos are in each state
    "tally",
    metadata,
    sa.Column("split", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, primary_key=True),
    sa.Column("headed", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("queued", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("behind", sa.Integer, primary_key=True, autoincrement=False),  # 1: it was put back to the end
    sa.Column("photos", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

tally_change = sa.Table(  # on PostgreSQL: what is not in `tally` yet
    "tally_change",
    metadata,
    sa.Column("id", Key, primary_key=True, autoincrement=True),
    sa.Column("split", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("headed", sa.Integer, nullable=False),
    sa.Column("queued", sa.Integer, nullable=False),
    sa.Column("behind", sa.Integer, nullable=False),
    sa.Column("photos", sa.Integer, nullable=False),
)
keep_counts(photo, tally, tally_change)

handout = sa.Table(  # every photo that was handed to somebody, and why
    "handout",
    metadata,
    sa.Column("id", Key, primary_key=True, autoincrement=True),
    sa.Column("photo_id", Key, nullable=False),
    sa.Column("session_id", Key, nullable=False),
    sa.Column("slot", sa.Text, nullable=False),  # states.Slot
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("blind", sa.Integer, nullable=False),
    sa.Column("ranking", sa.Text),  # the model that ranked then
    sa.Column("created", sa.Double, nullable=False),
)
sa.Index("handout_photo", handout.c.photo_id, handout.c.id)

statistic = sa.Table(  # what one model says of one photo, of which every strategy makes its rank
    "statistic",
    metadata,
    sa.Column("model_id", sa.Text, primary_key=True),
    sa.Column("photo_id", Key, primary_key=True, autoincrement=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("numbers", sa.JSON, nullable=False),
    sa.Column("feature", sa.LargeBinary),  # float16
    sa.Column("created", sa.Double, nullable=False),
)

likeness = sa.Table(  # how a photo looks, for bursts of nearly the same photo
    "likeness",
    metadata,
    sa.Column("photo_id", Key, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.BigInteger, nullable=False),  # 64 bits, signed
    sa.Column("burst", Key),  # the first photo of its burst; NULL: alone
)
sa.Index("likeness_burst", likeness.c.burst)

measured = sa.Table(  # each saved mask once: what it holds, and what a model had proposed for it before
    "measured",
    metadata,
    sa.Column("revision_id", sa.Text, primary_key=True),
    sa.Column("photo_id", Key, nullable=False, index=True),
    sa.Column("pixels", sa.JSON, nullable=False),  # of each class, of the pixels looked at
    sa.Column("tone", sa.Double),  # degrees, see evaluation.scores.skin_tone
    sa.Column("model_id", sa.Text),
    sa.Column("slot", sa.Text),  # states.Slot; NULL: nobody was handed the photo
    sa.Column("blind", sa.Integer, nullable=False),
    sa.Column("confusion", sa.JSON),  # truth in rows; NULL: no model had proposed anything before
    sa.Column("created", sa.Double, nullable=False),
)

TABLES = frozenset(table.name for table in (tally, tally_change, handout, statistic, likeness, measured))
"""What the choice needs: a project without one of these does without all."""

_QUEUED = sa.text("queued = 1")
sa.Index(
    "photo_split_queue",
    photo.c.split,
    photo.c.back,
    photo.c.draw,
    sqlite_where=_QUEUED,
    postgresql_where=_QUEUED,
)
for _dialect in ("sqlite", "postgresql"):
    add_after_create(
        tally,
        _dialect,
        "CREATE INDEX IF NOT EXISTS photo_split_queue ON photo (split, back, draw) WHERE queued = 1",
    )
