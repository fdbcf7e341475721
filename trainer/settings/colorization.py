"""Options of the pretext task."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trainer.settings.section import Rate, Section, Share, Weight


class ColorizationOptions(Section):
    """Learn from all photos, labelled or not, by giving gray ones their colours back (starting weights)."""

    literal: bool = False
    """Exactly as published (513 pixels, 4 pieces a step, 76,000 steps), for a graphics card."""

    gan: Literal["least_squares", "loss_sensitive", "pix2pix70"] = "least_squares"
    """What the judge looks at, a second network that learns to tell made colours from real ones:
    least_squares whole pieces, loss_sensitive as its text cites, pix2pix70 squares of 70 pixels."""

    lambda_gan: Weight | Literal["auto"] = "auto"
    """How much the judge counts; being near the true colours counts 1. auto: .01, as with 1 (literal) the
    judge wins and the colours get worse than gray."""

    l1_warmup: Share = 0.25
    """Part of the steps before the judge joins, 0 to 1."""

    lr_discriminator: Rate = 2e-4
    """How much the judge changes in a step (its learning rate)."""

    automatic: bool = True
    """The trainer makes these weights by itself when it has nothing better to do, where starting weights
    (`training.init`) would use them."""

    automatic_photos: int = Field(default=200, ge=2)
    """So many training photos make that worth its time."""
