"""Fixtures of the window's tests."""

from form_fixtures import own_preferences, press, six_photos, told  # noqa: F401
from window_fixtures import open_session, project, session  # noqa: F401
