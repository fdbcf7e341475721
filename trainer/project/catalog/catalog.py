"""The catalog: one SQL database, SQLite (WAL) by default or PostgreSQL. A commit here is what publishes.

SQLite: readers never wait. A writer begins with BEGIN IMMEDIATE, so that it waits its turn at the start and
never fails half-way; what must survive a power cut commits with `durable=True` (synchronous=FULL).
"""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from trainer.errors import ProjectError, ReadOnlyError
from trainer.project.catalog import schema_choice, schema_filter, schema_privacy, schema_review  # noqa: F401  made with the others
from trainer.project.catalog.catalog_errors import plain_errors, understood
from trainer.project.catalog.counts import fold_changes
from trainer.project.catalog.engines import connect_sqlite, postgresql_engine, sqlite_engine
from trainer.project.catalog.schema import PHOTO_CONTENT, SCHEMA, meta, metadata
from trainer.project.files.filesystem import file_system_of, is_network

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

__all__ = ["Catalog", "sqlite_url"]


def sqlite_url(path: Path) -> sa.URL:
    """Address of the catalog inside a project folder; as text, `?`, `#` and `%` in a path would mean more."""
    return sa.URL.create("sqlite", database=str(path / "catalog.sqlite"))


class Catalog:
    """Connections to the catalog. Thread-safe: each transaction takes its own connection from the pool.

    Parameters
    ----------
    url : str or URL
        SQLAlchemy URL of an SQLite file or of a PostgreSQL database.
    read_only : bool
        Refuse to write.

    Attributes
    ----------
    is_complete : bool
        Whether it has the tables of the choice; an older one that is open for reading only has not.
    keeps_counts : bool
        Whether the number of photos in each state is kept, and need not be counted.

    Raises
    ------
    ProjectError
        If the URL is not usable, or is an SQLite file on a network file system.
    """

    def __init__(self, url: str | sa.URL, read_only: bool = False) -> None:
        try:
            self.url = sa.make_url(url)
            self.is_sqlite = self.url.get_backend_name() == "sqlite"
            if self.is_sqlite:
                self.file = Path(self.url.database or "")
                _refuse_network(self.file)
                self.engine = sqlite_engine(self.file, read_only)
            elif self.url.get_backend_name() == "postgresql":
                self.engine = postgresql_engine(self.url)
            else:
                raise ProjectError(f"database '{url}': use sqlite or postgresql+psycopg")
        except (ArgumentError, NoSuchModuleError) as error:
            raise ProjectError(f"database '{url}' is not an address: use postgresql+psycopg://…") from error
        except ModuleNotFoundError as error:
            raise ProjectError(
                f"PostgreSQL needs the module {error.name}: pip install 'napari-skinseg[postgres]'"
            ) from error
        self.read_only = read_only
        self.is_complete = self.keeps_counts = False
        self._missing: frozenset[str] = frozenset()
        self._writer = self.engine.execution_options(skinseg_write=True)
        self._durable = self.engine.execution_options(skinseg_write=True, skinseg_durable=True)
        self._version_lock = threading.Lock()
        self._version_connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Give all connections back."""
        with self._version_lock:
            if self._version_connection is not None:
                self._version_connection.close()
                self._version_connection = None
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a connection that sees one state of the catalog.

        Raises
        ------
        ProjectError
            If a row is not what this program writes.
        """
        with plain_errors(self.place), self.understood(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Turn what goes wrong in making values of rows into one line about the catalog.

        Raises
        ------
        ProjectError
            If a row is not what this program writes.
        """
        with understood(self.place):
            yield

    @contextmanager
    def write(self, durable: bool = False) -> Iterator[sa.Connection]:
        """Open a transaction: committed at the end of the block, undone if the block raises.

        Parameters
        ----------
        durable : bool
            Return only when the commit would survive a power cut.

        Raises
        ------
        ReadOnlyError
            If the project is open for reading only.
        StorageFullError
            If the disk is full.
        UnreachableError
            If the server does not answer.
        """
        if self.read_only:
            raise ReadOnlyError(
                f"{self.place} is open for reading only: nothing can be saved; ask its owner for write access"
            )
        engine = self._durable if durable else self._writer
        with plain_errors(self.place), engine.begin() as connection:
            yield connection
        if not self.is_sqlite:
            self._count_change()

    def _count_change(self) -> None:
        """Change the number that readers watch: after the commit, so that who sees it sees the rows.

        Where the server has gone away since, the rows are there, and the next commit changes the number.
        """
        with suppress(DBAPIError, PoolTimeoutError), self._writer.begin() as connection:
            connection.execute(sa.text("SELECT nextval('skinseg_change')"))

    def insert(self, table: sa.Table) -> Any:
        """Return an INSERT that knows `on_conflict_do_…` in this database's dialect."""
        if self.is_sqlite:
            from sqlalchemy.dialects.sqlite import insert as sqlite_insert

            return sqlite_insert(table)
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert(table)

    def data_version(self) -> int:
        """Return a number that changes with every commit; costs microseconds on SQLite."""
        if not self.is_sqlite:
            with self.read() as connection:
                return int(connection.execute(sa.text("SELECT last_value FROM skinseg_change")).scalar_one())
        # PRAGMA data_version counts commits of other connections as seen by one: so it is always the same
        # connection that asks, outside the pool, and it never writes, or it would miss its own commits.
        with self._version_lock:
            if self._version_connection is None:
                self._version_connection = connect_sqlite(self.file, self.read_only)
            return int(self._version_connection.execute("PRAGMA data_version").fetchone()[0])

    def create(self, values: dict[str, str]) -> None:
        """Make the tables and write the first rows of `meta`.

        Raises
        ------
        ProjectError
            If the database holds a project already.
        """
        rows = [{"key": key, "value": value} for key, value in {**values, "schema": str(SCHEMA)}.items()]
        with self.write(durable=True) as connection:
            if sa.inspect(connection).has_table("meta"):
                raise ProjectError(f"{self.place} holds a project already; name another database")
            metadata.create_all(connection)
            connection.execute(sa.insert(meta), rows)

    def complete(self) -> None:
        """Add what a catalog of before lacks and older programs need not know."""
        if not self.read_only:
            with self.read() as connection:
                known = {index["name"] for index in sa.inspect(connection).get_indexes("photo")}
            if PHOTO_CONTENT.name not in known:
                with self.write() as connection:
                    PHOTO_CONTENT.create(connection, checkfirst=True)
            self.fold_changes()

    def fold_changes(self) -> None:
        """Add what has changed to the counts that are kept, so that few rows are read for them."""
        if not self.is_sqlite:
            with self.write() as connection:
                fold_changes(connection)

    def check_schema(self) -> dict[str, str]:
        """Return `meta` after making sure that this program can read the tables.

        Raises
        ------
        ProjectError
            If there is no catalog, or it is from a newer or an older program.
        """
        with self.read() as connection:
            tables = set(sa.inspect(connection).get_table_names())
            if "meta" not in tables:
                raise ProjectError(f"{self.place} holds no project; make one with: skinseg new")
            values = {row.key: row.value for row in connection.execute(sa.select(meta))}
        said = str(values.get("schema", "0"))
        found = int(said) if said.isdecimal() else -1
        if found > SCHEMA:
            raise ProjectError(
                f"{self.place} was made by a newer napari-skinseg (schema {found}, here {SCHEMA}); "
                "update with: pip install -U napari-skinseg"
            )
        if found < SCHEMA:
            raise ProjectError(
                f"{self.place} was made by an older napari-skinseg (schema {found}, here {SCHEMA}); "
                "export its masks with that version and import them into a new project"
            )
        self._complete(tables)
        return values

    def _complete(self, tables: set[str]) -> None:
        """Add the tables that came after this project was made; older programs pass over them."""
        missing = metadata.tables.keys() - tables
        if missing and not self.read_only:
            with self.write(durable=True) as connection:
                metadata.create_all(connection)
            missing = set()
        self._missing = frozenset(missing)
        self.is_complete = not missing & schema_choice.TABLES
        self.keeps_counts = self.is_complete

    def has(self, table: sa.Table) -> bool:
        """Whether a table is there that came after the first projects were made."""
        return table.name not in self._missing

    @property
    def place(self) -> str:
        """Address of the catalog, without a password."""
        return str(self.file) if self.is_sqlite else self.url.render_as_string(hide_password=True)


def _refuse_network(file: Path) -> None:
    kind = file_system_of(file.parent)
    if is_network(kind):
        raise ProjectError(
            f"{file.parent} lies on a network file system ({kind}), where SQLite can lose data; put the "
            "project on a local disk, or name a PostgreSQL database: --database postgresql+psycopg://…"
        )
