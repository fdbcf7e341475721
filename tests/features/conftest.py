"""Small photos, masks and backbones for frozen features."""

from training_fixtures import empty_project, keep_threads, project, settings  # noqa: F401
