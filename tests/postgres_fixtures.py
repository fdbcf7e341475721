"""A PostgreSQL server for the tests that need one: the one that is named, else one of their own."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))

from tools.postgres import NoServerError, Server, fresh_database, server  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMED = os.environ.get("SKINSEG_TEST_POSTGRES")
"""URL of a server that is there already; all tests of the store run on it then."""


@pytest.fixture(scope="session")
def own_server() -> Iterator[Callable[[], Server]]:
    """Give a server that may be stopped and killed, the same one each time; skips where there is none."""
    with ExitStack() as stack:
        made: list[Server | str] = []

        def get() -> Server:
            if not made:
                try:
                    made.append(stack.enter_context(server()))
                except NoServerError as error:
                    made.append(str(error))
            if isinstance(made[0], str):
                pytest.skip(made[0])
            return made[0]

        yield get


@pytest.fixture
def postgres_url(own_server: Callable[[], Server]) -> Iterator[str]:
    """Give the URL of a database of its own, gone at the end."""
    with fresh_database(NAMED or own_server().url()) as url:
        yield url
