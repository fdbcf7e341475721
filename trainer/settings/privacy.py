"""Section `privacy`: what is written down about who saw what, and what small pictures hide."""

from __future__ import annotations

from trainer.settings.section import Section


class PrivacySettings(Section):
    """Who opened which photo, and which classes small pictures hide."""

    access_log: bool = True
    """It is written down who opened or exported which photo, and when; nobody can take a line out again."""

    sensitive: str = "face, anogenital"
    """Classes that small pictures and reports show blurred until somebody asks to see them, with commas
    between."""
