"""Section `gate`: the losses that are put up with when a new model replaces the served one."""

from __future__ import annotations

from pydantic import Field

from trainer.settings.section import Section


class GateSettings(Section):
    """When a new model replaces the served one."""

    margin_fast: float = Field(default=0.01, ge=0)
    """Largest loss of Dice put up with after a fast round."""

    margin_full: float = Field(default=0.005, ge=0)
    """Largest loss of Dice put up with after a full round."""

    class_margin: float = Field(default=0.03, ge=0)
    """Largest sure loss of Dice put up with in any one class."""

    best_margin: float = Field(default=0.02, ge=0)
    """Largest loss of Dice put up with against the best model ever served."""

    bootstrap: int = Field(default=2000, ge=100)
    """Bootstrap samples over groups."""

    min_photos: int = Field(default=5, ge=1)
    """With fewer validation photos a decision is provisional."""

    few_margin: float = Field(default=0.05, ge=0)
    """Largest loss of Dice put up with while the validation photos are that few."""

    averages: bool = True
    """Serve the mean of a probe and a network trained whole, where validation says that it is better."""
