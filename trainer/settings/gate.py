"""Section `gate`: the losses that are put up with when a new model replaces the served one."""

from __future__ import annotations

from pydantic import Field

from trainer.settings.section import Section


class GateSettings(Section):
    """When a new model replaces the served one."""

    margin_fast: float = Field(default=0.01, ge=0)
    """A new model of a quick training may agree with your masks less by so much and still make the
    suggestions. Agreement with your masks is counted from 0 to 1."""

    margin_full: float = Field(default=0.005, ge=0)
    """The same after a full training. Agreement with your masks is counted from 0 to 1."""

    class_margin: float = Field(default=0.03, ge=0)
    """In no single class may a new model agree less by more than this, where that is sure. Agreement with
    your masks is counted from 0 to 1."""

    best_margin: float = Field(default=0.02, ge=0)
    """A new model may agree less by so much than the best that ever made suggestions. Agreement with your
    masks is counted from 0 to 1."""

    bootstrap: int = Field(default=2000, ge=100)
    """So many times the comparison is repeated on photos drawn by chance, to tell luck from being better;
    more takes longer."""

    min_photos: int = Field(default=5, ge=1)
    """With fewer labelled photos to compare on, a new model makes the suggestions for now only."""

    probe_margin: float = Field(default=0.1, ge=0)
    """The quick model that knows the newest masks takes the place of the one that does not, unless it agrees
    less by more than this, or surely less. Agreement with your masks is counted from 0 to 1."""

    few_margin: float = Field(default=0.05, ge=0)
    """While photos to compare on are that few, a new model may agree less by so much. Agreement with your
    masks is counted from 0 to 1."""

    averages: bool = True
    """Make suggestions by the mean of a quick and a slow model, where comparing says that this is better."""

    hold_back: bool = True
    """Hold back the parts of a suggestion that would cost more seconds than they save; Shift+U shows them."""
