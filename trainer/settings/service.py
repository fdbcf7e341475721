"""Section `service`: the intervals of the background trainer."""

from __future__ import annotations

from pydantic import Field

from trainer.settings.section import Section


class ServiceSettings(Section):
    """How the background trainer behaves."""

    poll_seconds: float = Field(default=0.1, gt=0)
    """How often it looks for commands and new masks when idle."""

    heartbeat_seconds: float = Field(default=1.0, gt=0)
    """How often it writes its sign of life."""

    stale_seconds: float = Field(default=4.0, gt=0)
    """Without a sign of life for this long it counts as not running."""

    idle_release_seconds: float = Field(default=300.0, gt=0)
    """The graphics card is given back after this long without work."""

    keep_models: int = Field(default=50, ge=0)
    """So many of the latest models keep their files, besides those that are or were of use; 0 keeps all."""

    checkpoint_seconds: float = Field(default=15.0, gt=0)
    """A round writes a checkpoint this often, from which it resumes after a crash."""
