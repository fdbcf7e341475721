"""Section `photos`: the reading of photos, and their cache."""

from __future__ import annotations

from pydantic import Field

from trainer.settings.section import Section


class PhotoSettings(Section):
    """How photos are read."""

    max_pixels: int = Field(default=178_000_000, ge=1_000_000)
    """Refuse photos with more pixels than this: they are bombs or mistakes."""

    cache_bytes: int = Field(default=4_000_000_000, ge=0)
    """At most this many bytes of decoded photos are kept in the project's cache folder; 0 keeps none."""
