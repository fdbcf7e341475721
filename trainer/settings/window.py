"""Section `window`: the annotation window on opening, its autosave and its prefetch."""

from __future__ import annotations

from pydantic import Field

from trainer.settings.section import Section, Share


class WindowSettings(Section):
    """How the annotation window behaves."""

    autosave_seconds: float = Field(default=3.0, gt=0, le=60)
    """Unfinished work is put in safety this often."""

    prefetch: int = Field(default=2, ge=0, le=16)
    """So many next photos are decoded ahead."""

    brush_size: int = Field(default=24, ge=1, le=500)
    """Brush diameter on opening, in pixels of the screen."""

    follow_strokes: bool = False
    """After every stroke, the labels that nobody has looked at follow it where they are alike and near."""

    opacity: Share = 0.45
    """Opacity of the annotation's fill on opening; its outlines stay opaque."""
