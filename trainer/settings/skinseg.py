"""Options of the default recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.settings.adversarial import AdversarialTerms
from trainer.settings.section import Rate


class SkinSegOptions(AdversarialTerms):
    """The default: cross-entropy and Dice, and a discriminator that also judges unlabelled photos."""

    stride: Literal[1, 2, 4, 8] = 4
    """The discriminator sees everything averaged over squares of this side; 4 costs a sixteenth of 1."""

    width: Annotated[int, Field(ge=4, le=256)] | Literal["auto"] = 16
    """Channels of its first layer; auto: 32 for fcn, 64 for patch."""

    target: Literal["truth", "correctness"] = "correctness"
    """What the discriminator learns: to tell true masks from predictions, or which pixels are right."""

    lr_discriminator: Rate | Literal["auto"] = 1e-3
    """Learning rate of the discriminator; auto: 1e-4 for fcn, 4e-4 for patch."""

    free_steps: Annotated[int, Field(ge=0)] = 50
    """First steps of a round in which the discriminator only learns and has no say."""

    unlabelled_share: Annotated[float, Field(gt=0, le=4)] = 0.25
    """Unlabelled crops per labelled one in a step."""
