"""Options of the FPN recipe."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trainer.settings.section import Section


class FPNOptions(Section):
    """Feature pyramid network, taught by overlap; of all passes over the photos the best is kept."""

    literal: bool = False
    """Exactly as published: 256 pixels, 8 photos a step, nothing turned or recoloured; for a graphics
    card."""

    epochs: Annotated[int, Field(ge=1)] = 40
    """The steps are shared out over so many passes; each is measured on the photos kept for comparing."""

    drop_at: Annotated[int, Field(ge=1)] = 25
    """After so many passes the learning rate is a tenth."""
