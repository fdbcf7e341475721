"""Section `review`: whether masks need a reviewer, and how many photos two people read."""

from __future__ import annotations

from trainer.settings.section import Section, Share


class ReviewSettings(Section):
    """Review of masks, and a second reader."""

    approved_only: bool = False
    """The model learns only from masks that a reviewer has approved."""

    double_share: Share = 0.0
    """Part of the photos that a second person labels too, 0 to 1, seeing neither the first mask nor a
    suggestion."""
