"""Section `window`: the annotation window on opening, its autosave and its prefetch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trainer.settings.section import Section, Share


class WindowSettings(Section):
    """How the annotation window behaves."""

    autosave_seconds: float = Field(default=3.0, gt=0, le=60)
    """Unfinished work on a photo is put in safety after so many seconds."""

    prefetch: int = Field(default=2, ge=0, le=16)
    """So many of the next photos are got ready while you work, so that none has to be waited for."""

    brush_size: int = Field(default=24, ge=1, le=500)
    """Width of the brush when the window opens, in pixels of the screen."""

    follow_strokes: bool = False
    """After every stroke the labels that nobody has looked at follow it, where the photo looks alike and
    is near."""

    opacity: Share = 0.45
    """How much of the photo the colours cover along the edge of a class when the window opens: 0 nothing, 1
    all. Inside they cover less, and outlines always show."""

    drawing: Literal["fill", "hatching"] = "fill"
    """What is drawn inside the outline of a class when the window opens: a light fill, or lines with the bare
    photo between them."""
