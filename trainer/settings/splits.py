"""Section `splits`: the shares of groups for validation and test."""

from __future__ import annotations

from trainer.settings.section import Section, Share


class SplitSettings(Section):
    """How groups of photos are shared out at registration. What has been shared out stays."""

    val_share: Share = 0.1
    """Share of the groups used to compare models."""

    test_share: Share = 0.1
    """Share of the groups kept for the final figures; never used to choose anything."""
