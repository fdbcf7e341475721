"""Options of the pretext task."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trainer.settings.section import Rate, Section, Share, Weight


class ColorizationOptions(Section):
    """Learn from all photos, labelled or not, by giving gray ones their colours back (starting weights)."""

    literal: bool = False
    """Sizes, rates and steps of the source (513 pixels, batch 4, 76,000 steps), for a graphics card."""

    gan: Literal["least_squares", "loss_sensitive", "pix2pix70"] = "least_squares"
    """The adversarial loss. least_squares: the source's, judging whole crops; loss_sensitive: the one its
    text cites; pix2pix70: least squares on squares of 70 pixels."""

    lambda_gan: Weight | Literal["auto"] = "auto"
    """Weight of the adversarial term; the distance between the colours made and the true ones has 1. auto:
    .01, as with 1 (literal) the discriminator wins and the painted colours get worse than gray."""

    l1_warmup: Share = 0.25
    """Share of the steps before the discriminator joins."""

    lr_discriminator: Rate = 2e-4
    """Learning rate of the discriminator."""

    automatic: bool = True
    """The background trainer makes these weights by itself, when it has nothing better to do and
    `training.init` would use them."""

    automatic_photos: int = Field(default=200, ge=2)
    """So many training photos make that worth its time."""
