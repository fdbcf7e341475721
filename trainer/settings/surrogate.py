"""Options of the plain DeepLabV3+ of the surrogate-supervision study."""

from __future__ import annotations

from trainer.settings.section import Section


class SurrogateOptions(Section):
    """DeepLabV3+, taught by pixels alone, from random, colorization or ImageNet weights."""

    literal: bool = False
    """Exactly as published (513 pixels, 4 pieces a step, 300,000 steps), for a graphics card."""

    separable_aspp: bool = True
    """Take a lighter form of the part that sees far (separable convolutions); as published (literal) it is
    whole."""
