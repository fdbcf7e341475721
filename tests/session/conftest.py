"""Fixtures of the window's tests."""

import pytest
from hand_fixtures import hand  # noqa: F401
from window_fixtures import open_session, project, session  # noqa: F401


class Clock:
    """A clock that goes when it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()
