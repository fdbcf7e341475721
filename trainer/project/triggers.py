"""Statements that run when the tables are made: triggers of the event log, and a sequence."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["add_after_create", "keep_append_only"]


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
