"""Options of the U-Net recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.settings.section import Section


class UNetOptions(Section):
    """U-Net, taught by overlap on whole photos, squashed or with their aspect kept."""

    literal: bool = False
    """The network of 2015 exactly as published, at its size and with its changes of photos alone; for a
    graphics card."""

    resize: Literal["squash", "pad"] = "squash"
    """Photos made square (literal: 256 pixels), or whole with their aspect kept (literal: 500 x 666)."""

    width: Annotated[int, Field(ge=1, le=256)] = 64
    """Size of the network (channels of its first level), of encoder unet2015 alone."""

    batch_norm: bool = False
    """Keep brightness even inside the network (batch norm), of encoder unet2015 alone; the design of 2015
    does not."""
