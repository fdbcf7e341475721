"""Options of the plain DeepLabV3+ of the surrogate-supervision study."""

from __future__ import annotations

from trainer.settings.section import Section


class SurrogateOptions(Section):
    """DeepLabV3+ with cross-entropy alone, from random, colorization or ImageNet weights."""

    literal: bool = False
    """Sizes, rates and steps of the source (513 pixels, batch 4, 300,000 steps), for a graphics card."""

    separable_aspp: bool = True
    """Split the atrous convolutions into depth-wise and point-wise ones; the source's (literal) are whole."""
