"""The tables of a project's catalog, the same on SQLite and on PostgreSQL. Times: seconds since the epoch."""

from __future__ import annotations

import sqlalchemy as sa

from trainer.project.catalog.triggers import add_after_create, keep_append_only

SCHEMA = 1
"""Version of these tables. A change that older programs cannot read adds one."""

metadata = sa.MetaData()
Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite numbers rows only in an INTEGER key


def _id() -> sa.Column[int]:
    return sa.Column("id", Key, primary_key=True, autoincrement=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _real(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=False)


def _photo_id(key: bool = False) -> sa.Column[int]:
    if key:
        return sa.Column("photo_id", Key, primary_key=True, autoincrement=False)
    return sa.Column("photo_id", Key, nullable=False)


meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    _text("value"),
)

root = sa.Table(
    "root",
    metadata,
    _id(),
    sa.Column("path", sa.Text, nullable=False, unique=True),
)

root_place = sa.Table(  # where this root lies on one machine
    "root_place",
    metadata,
    sa.Column("root_id", Key, primary_key=True, autoincrement=False),
    sa.Column("host", sa.Text, primary_key=True),
    _text("path"),
)

photo_group = sa.Table(  # groups that were named; a photo without one is a group of its own
    "photo_group",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    _text("split"),
)

photo = sa.Table(
    "photo",
    metadata,
    _id(),
    sa.Column("root_id", Key, nullable=False),
    _text("relpath"),
    _text("stem"),
    _text("group_name"),
    _text("split"),
    sa.Column("state", sa.Text, nullable=False, default="new"),  # states.PhotoState
    sa.Column("reason", sa.Text),  # why broken, or the note of a flag
    sa.Column("queued", sa.Integer, nullable=False, default=1),  # 1: may be handed out
    sa.Column("back", sa.Integer, nullable=False, default=0),  # how often it was put back to the end
    sa.Column("draw", sa.BigInteger, nullable=False),  # its place in the random order
    sa.Column("width", sa.Integer),  # oriented, as height
    sa.Column("height", sa.Integer),
    sa.Column("orientation", sa.Integer),
    sa.Column("note", sa.Text),  # what a reader of the photo should know, as "first of 12 frames"
    sa.Column("sha256", sa.Text),
    sa.Column("size", sa.BigInteger),
    sa.Column("mtime", sa.Double),
    sa.Column("head", sa.Text),  # the current revision
    sa.UniqueConstraint("root_id", "relpath"),
    sqlite_autoincrement=True,
)
_QUEUED = sa.text("queued = 1")
_HEADED = sa.text("head IS NOT NULL")
sa.Index("photo_queue", photo.c.back, photo.c.draw, sqlite_where=_QUEUED, postgresql_where=_QUEUED)
sa.Index("photo_head", photo.c.split, photo.c.head, sqlite_where=_HEADED, postgresql_where=_HEADED)
sa.Index("photo_state", photo.c.state, photo.c.split)
sa.Index("photo_stem", photo.c.stem)
PHOTO_CONTENT = sa.Index("photo_content", photo.c.sha256)

revision = sa.Table(
    "revision",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _photo_id(),
    sa.Column("parent_id", sa.Text),
    _text("path"),  # relative to the project
    _text("checksum"),
    _text("annotator"),
    _real("created"),
    _text("kind"),  # states.RevisionKind
    sa.Column("model_id", sa.Text),  # whose suggestion it started from
    sa.Column("seconds", sa.Double),
    sa.Column("strokes", sa.Integer),
    sa.Column("truth_pixels", sa.BigInteger, nullable=False),
)
sa.Index("revision_photo", revision.c.photo_id, revision.c.created)

draft = sa.Table(
    "draft",
    metadata,
    _photo_id(key=True),
    sa.Column("annotator", sa.Text, primary_key=True),
    _text("path"),
    _text("checksum"),
    sa.Column("base_revision", sa.Text),
    sa.Column("model_id", sa.Text),
    _real("created"),
)

session = sa.Table(
    "session",
    metadata,
    _id(),
    _text("annotator"),
    _text("host"),
    sa.Column("pid", sa.Integer, nullable=False),
    _real("born"),  # start of the process, as a pid is used again
    _real("started"),
    _real("seen"),
    sa.Column("ended", sa.Double),
)

lease = sa.Table(
    "lease",
    metadata,
    _photo_id(key=True),
    sa.Column("session_id", Key, nullable=False, index=True),
    _real("expires"),
)

skipped = sa.Table(
    "skipped",
    metadata,
    sa.Column("session_id", Key, primary_key=True, autoincrement=False),
    _photo_id(key=True),
)

visit = sa.Table(
    "visit",
    metadata,
    _id(),
    sa.Column("session_id", Key, nullable=False, index=True),
    _photo_id(),
    _real("created"),
    _real("seconds"),
    sa.Column("strokes", sa.Integer, nullable=False),
    _text("outcome"),
)

request = sa.Table(  # photos that an open session wants a prediction for
    "request",
    metadata,
    sa.Column("session_id", Key, primary_key=True, autoincrement=False),
    _photo_id(key=True),
    _real("created"),
)

prediction = sa.Table(
    "prediction",
    metadata,
    _photo_id(key=True),
    _text("model_id"),
    _text("path"),
    _text("checksum"),
    _real("created"),
    sa.Column("score", sa.Double),
)

score = sa.Table(
    "score",
    metadata,
    _photo_id(key=True),
    sa.Column("model_id", sa.Text, primary_key=True),
    _real("score"),
    _text("why"),
    sqlite_with_rowid=False,
)
sa.Index("score_rank", score.c.model_id, score.c.score, score.c.photo_id)

model = sa.Table(
    "model",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("recipe"),
    _text("lane"),
    sa.Column("parents", sa.JSON, nullable=False),
    sa.Column("metrics", sa.JSON, nullable=False),
    _text("path"),
    _real("created"),
    sa.Column("decision", sa.Text),
    sa.Column("why", sa.Text),
)

serving = sa.Table(  # every change of the served model, in order
    "serving",
    metadata,
    _id(),
    _text("model_id"),
    _text("kind"),  # states.ServingChange
    _text("why"),
    _text("by"),
    _real("created"),
    sqlite_autoincrement=True,
)

learnt = sa.Table(
    "learnt",
    metadata,
    sa.Column("model_id", sa.Text, primary_key=True),
    sa.Column("revision_id", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)

command = sa.Table(
    "command",
    metadata,
    _id(),
    _text("kind"),
    sa.Column("args", sa.JSON, nullable=False),
    _text("by"),
    _real("created"),
    sa.Column("acknowledged", sa.Double),
    sa.Column("result", sa.Text, nullable=False, default=""),
    sqlite_autoincrement=True,
)
_OPEN = sa.text("acknowledged IS NULL")
sa.Index("command_open", command.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN)

trainer = sa.Table(  # one row: the trainer as it last described itself
    "trainer",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    _real("heartbeat"),
    sa.Column("fields", sa.JSON, nullable=False),
)

round_ = sa.Table(
    "round",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("lane"),
    _text("recipe"),
    _real("started"),
    sa.Column("ended", sa.Double),
    _text("state"),
    sa.Column("model_id", sa.Text),
    sa.Column("metrics", sa.JSON, nullable=False),
    sa.Column("why", sa.Text, nullable=False, default=""),
)

curve = sa.Table(
    "curve",
    metadata,
    sa.Column("round_id", sa.Text, primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    _real("value"),
    sqlite_with_rowid=False,
)

event = sa.Table(
    "event",
    metadata,
    _id(),
    _real("created"),
    sa.Column("kind", sa.Text, nullable=False, index=True),
    _text("who"),
    sa.Column("photo_id", Key),
    sa.Column("data", sa.JSON, nullable=False),
    sqlite_autoincrement=True,
)


keep_append_only(event, "the event log")
add_after_create(metadata, "postgresql", "CREATE SEQUENCE IF NOT EXISTS skinseg_change MINVALUE 0")
