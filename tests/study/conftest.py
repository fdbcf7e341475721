"""Fixtures of the tests of studies."""

from training_fixtures import empty_project, keep_threads, project  # noqa: F401
