"""A PostgreSQL server of one's own, for tests and measurements: in a temporary folder, gone at the end.

It listens on a socket in that folder alone, waits for no disk, and refuses nobody who may enter the folder.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

START_SECONDS = 30.0
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "250",
    "shared_buffers": "64MB",
    "autovacuum_naptime": "10s",
}
ORDINARY_USERS = ("postgres", "nobody")
"""PostgreSQL refuses to run as root."""
UNTIL_WE_END = '"$@" </dev/null & cat >/dev/null; kill -s INT $!; wait $!'
"""For a shell: the server ends with whoever started it, also where that one is killed."""


class NoServerError(Exception):
    """There is no PostgreSQL here, or it does not start: why, in one line."""


def programs() -> Path:
    """Return the folder of `initdb` and `postgres`: from the search path, or where Debian puts them.

    Raises
    ------
    NoServerError
        If they are not installed.
    """
    if (found := shutil.which("initdb")) and (Path(found).resolve().parent / "postgres").is_file():
        return Path(found).resolve().parent
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").is_file()]
    if not versions:
        raise NoServerError("PostgreSQL is not installed: apt-get install postgresql")
    return max(versions, key=lambda path: int(path.parent.name) if path.parent.name.isdecimal() else 0)


class Server:
    """A server and its folder; started by `start`, which may be called again after `stop` or `kill`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        self._programs = programs()
        self._user = _ordinary_user()
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            shutil.chown(folder, self._user)
        made = subprocess.run(
            [self._programs / "initdb", "-D", self.data, "-U", "skinseg", "-A", "trust", "-E", "UTF8", "-N"],
            user=self._user,
            cwd=folder,
            capture_output=True,
            text=True,
            env={**os.environ, "LC_ALL": "C"},
        )
        if made.returncode:
            raise NoServerError(f"PostgreSQL cannot make a database here: {_last_line(made.stderr)}")

    def url(self, database: str = "postgres") -> str:
        """Address of one of its databases."""
        return f"postgresql+psycopg://skinseg@/{database}?host={self.folder}"

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises
        ------
        NoServerError
            If it does not.
        """
        words = ["sh", "-c", UNTIL_WE_END, "sh", self._programs / "postgres"]
        words += ["-D", self.data, "-k", self.folder]
        words += [word for key, value in SETTINGS.items() for word in ("-c", f"{key}={value}")]
        log = self.folder / "server.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                words,
                user=self._user,
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise NoServerError(f"PostgreSQL does not start: {_last_line(log.read_text())}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it as an administrator would: open connections are cut."""
        if self._process is not None:
            self._process.communicate(timeout=START_SECONDS)

    def kill(self) -> None:
        """End it as a crash would."""
        os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        self.stop()

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make a database of its own, and drop it at the end; gives its address."""
        with fresh_database(self.url()) as url:
            yield url

    def _answers(self) -> bool:
        try:
            engine = sa.create_engine(self.url(), poolclass=sa.NullPool)
            with engine.connect():
                return True
        except sa.exc.OperationalError:
            return False


@contextmanager
def server() -> Iterator[Server]:
    """Run a server of one's own.

    Raises
    ------
    NoServerError
        If PostgreSQL is not installed, or does not start here.
    """
    if sys.platform == "win32":
        raise NoServerError("a PostgreSQL server of one's own needs Unix sockets")
    programs()
    folder = Path(tempfile.mkdtemp(prefix="skinseg-pg-"))
    try:
        made = Server(folder)
        try:
            made.start()
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """Make a database on a server, and drop it at the end; gives its address."""
    name = f"skinseg_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        yield sa.make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


def _ordinary_user() -> str | None:
    """Return whom the server runs as; None: whoever runs this."""
    if os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ORDINARY_USERS:
        if name in known:
            return name
    raise NoServerError("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it says nothing"])[-1]
