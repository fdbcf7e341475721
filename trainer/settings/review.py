"""Section `review`: whether masks need a reviewer, and how many photos two people read."""

from __future__ import annotations

from trainer.settings.section import Section, Share


class ReviewSettings(Section):
    """Review of masks, and a second reader."""

    approved_only: bool = False
    """Only masks that a reviewer has approved are learnt from."""

    double_share: Share = 0.0
    """Share of the photos that a second annotator labels too, without the first mask and any suggestion."""
