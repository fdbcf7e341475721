"""Options of the FPN recipe."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trainer.settings.section import Section


class FPNOptions(Section):
    """Feature pyramid network with the soft Dice loss; the epoch with the best validation IoU is kept."""

    literal: bool = False
    """Sizes and rates of the source: 256 pixels, batch 8, 1e-4, no augmentation; for a graphics card."""

    epochs: Annotated[int, Field(ge=1)] = 40
    """The steps are shared out over so many epochs; validation follows each."""

    drop_at: Annotated[int, Field(ge=1)] = 25
    """After so many epochs the learning rate is a tenth."""
