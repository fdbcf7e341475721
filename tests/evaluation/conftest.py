"""Fixtures of the tests that train."""

from training_fixtures import empty_project, keep_threads, project, settings  # noqa: F401
