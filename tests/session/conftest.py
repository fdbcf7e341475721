"""Fixtures of the window's tests."""

from hand_fixtures import hand  # noqa: F401
from window_fixtures import open_session, project, session  # noqa: F401
