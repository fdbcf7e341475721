"""Statements that run when the tables are made: logs only grow, and counts of photos are kept."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["add_after_create", "keep_append_only", "keep_counts", "unlocked"]


def add_after_create(target: sa.Table | sa.MetaData, dialect: str, statement: str) -> None:
    """Run a statement in one dialect right after a table, or all of them, are made."""
    ddl = sa.DDL(statement)  # type: ignore[no-untyped-call]
    sa.event.listen(target, "after_create", ddl.execute_if(dialect=dialect))


def keep_append_only(log: sa.Table, called: str) -> None:
    """Let the database itself refuse to change or delete lines of a log; `called` names it in its message."""
    for verb in ("UPDATE", "DELETE"):
        add_after_create(
            log,
            "sqlite",
            f"CREATE TRIGGER {log.name}_no_{verb.lower()} BEFORE {verb} ON {log.name} "
            f"BEGIN SELECT RAISE(ABORT, '{called} is append-only'); END",
        )
    add_after_create(
        log,
        "postgresql",
        f"CREATE FUNCTION {log.name}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{called} is append-only'; END $$",
    )
    add_after_create(
        log,
        "postgresql",
        f"CREATE TRIGGER {log.name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {log.name} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {log.name}_append_only()",
    )


@contextmanager
def unlocked(connection: sa.Connection, log: sa.Table) -> Iterator[None]:
    """Let lines of a log be changed for the length of a block, in the transaction of this connection.

    For a purge alone, which takes the name of a photo out of what is told of it.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ALTER TABLE {log.name} DISABLE TRIGGER {log.name}_append_only")
        yield
        connection.exec_driver_sql(f"ALTER TABLE {log.name} ENABLE TRIGGER {log.name}_append_only")
        return
    query = sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
    triggers = connection.execute(query, {"table": log.name}).all()
    for name, _ in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, statement in triggers:
        connection.exec_driver_sql(statement)


def keep_counts(photo: sa.Table, tally: sa.Table, changes: sa.Table) -> None:
    """Keep the number of photos in each state: counting millions of them takes seconds."""
    _keep_in_sqlite(tally)
    for table in (photo, tally):
        changes.add_is_dependent_on(table)
    _keep_in_postgresql(changes)


COLUMNS = "split, state, headed, queued, behind"
_OF_SQLITE = "{0}.split, {0}.state, {0}.head IS NOT NULL, {0}.queued, {0}.back > 0"
_OF_POSTGRESQL = "split, state, (head IS NOT NULL)::int, queued, (back > 0)::int"


def _keep_in_sqlite(tally: sa.Table) -> None:
    of = _OF_SQLITE
    add_after_create(
        tally,
        "sqlite",
        f"INSERT INTO tally ({COLUMNS}, photos) "
        f"SELECT {of.format('photo')}, count(*) FROM photo GROUP BY 1, 2, 3, 4, 5",
    )
    # Two plain statements: the ON CONFLICT of whoever inserts a photo would override one in here.
    one_more = (
        f"INSERT INTO tally SELECT {of.format('NEW')}, 0 WHERE NOT EXISTS "
        f"(SELECT 1 FROM tally WHERE ({COLUMNS}) = ({of.format('NEW')})); "
        f"UPDATE tally SET photos = photos + 1 WHERE ({COLUMNS}) = ({of.format('NEW')});"
    )
    one_less = f"UPDATE tally SET photos = photos - 1 WHERE ({COLUMNS}) = ({of.format('OLD')});"
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


def _keep_in_postgresql(changes: sa.Table) -> None:
    """Write what each statement changes into rows of its own; `counts.fold` adds them up now and then.

    A row that every save changes would be a place to wait, and two saves that change two such rows could wait
    for each other for ever.
    """
    gone = "SELECT *, -1 AS photos FROM gone"
    come = "SELECT *, 1 AS photos FROM come"
    for name, event, rows, tables in (
        ("insert", "INSERT", come, "NEW TABLE AS come"),
        ("delete", "DELETE", gone, "OLD TABLE AS gone"),
        ("update", "UPDATE", f"{gone} UNION ALL {come}", "OLD TABLE AS gone NEW TABLE AS come"),
    ):
        add_after_create(
            changes,
            "postgresql",
            f"CREATE FUNCTION tally_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"INSERT INTO tally_change ({COLUMNS}, photos) SELECT {_OF_POSTGRESQL}, sum(photos) "
            f"FROM ({rows}) AS changed GROUP BY 1, 2, 3, 4, 5 HAVING sum(photos) <> 0; RETURN NULL; END $$",
        )
        add_after_create(
            changes,
            "postgresql",
            f"CREATE TRIGGER tally_{name} AFTER {event} ON photo REFERENCING {tables} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION tally_{name}()",
        )
    # The triggers hold the table of photos against changes until this transaction has counted.
    add_after_create(changes, "postgresql", "DELETE FROM tally")
    add_after_create(
        changes,
        "postgresql",
        f"INSERT INTO tally ({COLUMNS}, photos) SELECT {_OF_POSTGRESQL}, count(*) FROM photo "
        "GROUP BY 1, 2, 3, 4, 5",
    )
