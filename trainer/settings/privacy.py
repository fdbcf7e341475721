"""Section `privacy`: what is written down about who saw what, and what small pictures hide."""

from __future__ import annotations

from trainer.settings.section import Section


class PrivacySettings(Section):
    """Who opened which photo, and which classes small pictures hide."""

    access_log: bool = True
    """Who opened or exported which photo, and when, is written into the catalog, where it can only grow."""

    sensitive: str = "face, anogenital"
    """Classes that small pictures and reports blur until somebody asks to see them, separated by commas."""
