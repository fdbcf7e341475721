"""Options of the U-Net recipe."""

from __future__ import annotations

from trainer.options.section import Section


class UNetOptions(Section):
    """U-Net with the soft Dice loss on whole photos, squashed or with their aspect kept."""

    literal: bool = False
    """Sizes and augmentation of the source, for a graphics card."""
