"""Statements that run when the tables are made: the event log only grows, and counts of photos are kept."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["add_after_create", "keep_append_only", "keep_counts"]


def add_after_create(target: sa.Table | sa.MetaData, dialect: str, statement: str) -> None:
    """Run a statement in one dialect right after a table, or all of them, are made."""
    ddl = sa.DDL(statement)  # type: ignore[no-untyped-call]
    sa.event.listen(target, "after_create", ddl.execute_if(dialect=dialect))


def keep_append_only(event: sa.Table) -> None:
    """Let the database itself refuse to change or delete lines of the event log."""
    for verb in ("UPDATE", "DELETE"):
        add_after_create(
            event,
            "sqlite",
            f"CREATE TRIGGER event_no_{verb.lower()} BEFORE {verb} ON event "
            "BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END",
        )
    add_after_create(
        event,
        "postgresql",
        "CREATE FUNCTION event_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the event log is append-only'; END $$",
    )
    add_after_create(
        event,
        "postgresql",
        "CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event "
        "FOR EACH STATEMENT EXECUTE FUNCTION event_append_only()",
    )


def keep_counts(tally: sa.Table) -> None:
    """Let SQLite keep the number of photos in each state: counting millions of them takes seconds.

    On PostgreSQL they are counted: there a row that every save changes would be a place to wait, and two
    saves that change two such rows could wait for each other for ever.
    """
    columns = "split, state, headed, queued, behind"
    of = "{0}.split, {0}.state, {0}.head IS NOT NULL, {0}.queued, {0}.back > 0"
    add_after_create(
        tally,
        "sqlite",
        f"INSERT INTO tally ({columns}, photos) "
        f"SELECT {of.format('photo')}, count(*) FROM photo GROUP BY 1, 2, 3, 4, 5",
    )
    # Two plain statements: the ON CONFLICT of whoever inserts a photo would override one in here.
    one_more = (
        f"INSERT INTO tally SELECT {of.format('NEW')}, 0 WHERE NOT EXISTS "
        f"(SELECT 1 FROM tally WHERE ({columns}) = ({of.format('NEW')})); "
        f"UPDATE tally SET photos = photos + 1 WHERE ({columns}) = ({of.format('NEW')});"
    )
    one_less = f"UPDATE tally SET photos = photos - 1 WHERE ({columns}) = ({of.format('OLD')});"
    changed = f"WHEN ({of.format('OLD')}) IS NOT ({of.format('NEW')})"
    for name, when, body in (
        ("insert", "AFTER INSERT ON photo", one_more),
        ("delete", "AFTER DELETE ON photo", one_less),
        (
            "update",
            f"AFTER UPDATE OF split, state, head, queued, back ON photo {changed}",
            f"{one_less} {one_more}",
        ),
    ):
        add_after_create(tally, "sqlite", f"CREATE TRIGGER tally_{name} {when} BEGIN {body} END")
