"""Options of the U-Net recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.settings.section import Section


class UNetOptions(Section):
    """U-Net with the soft Dice loss on whole photos, squashed or with their aspect kept."""

    literal: bool = False
    """The network of 2015 at the source's size, with no other augmentation than its; for a graphics card."""

    resize: Literal["squash", "pad"] = "squash"
    """Photos made square (literal: 256 pixels), or whole with their aspect kept (literal: 500 x 666)."""

    width: Annotated[int, Field(ge=1, le=256)] = 64
    """Channels of the first level, of encoder unet2015 alone."""

    batch_norm: bool = False
    """Normalise after each convolution, of encoder unet2015 alone; the design of 2015 does not."""
