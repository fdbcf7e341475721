"""Fixtures of the window's tests."""

from window_fixtures import open_session, project, session  # noqa: F401
