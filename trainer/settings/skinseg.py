"""Options of the default recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.settings.adversarial import AdversarialTerms
from trainer.settings.section import Rate


class SkinSegOptions(AdversarialTerms):
    """The default: learns from masks, and from a judge that also looks at photos without any."""

    stride: Literal[1, 2, 4, 8] = 4
    """The judge sees squares of so many pixels a side as one; 4 takes a sixteenth of the work of 1."""

    width: Annotated[int, Field(ge=4, le=256)] | Literal["auto"] = 16
    """Size of the judge (channels of its first layer); auto: 32 for fcn, 64 for patch."""

    target: Literal["truth", "correctness"] = "correctness"
    """What the judge learns: to tell masks of people from guesses (truth), or which pixels are right
    (correctness)."""

    lr_discriminator: Rate | Literal["auto"] = 1e-3
    """How much the judge changes in a step (its learning rate); auto: 1e-4 for fcn, 4e-4 for patch."""

    judge_interval: Literal[1, 2, 4, 8] = 2
    """In every so-many-th step only the judge learns and is asked, and photos without masks take part; they
    then count so many times as much."""

    free_steps: Annotated[int, Field(ge=0)] = 50
    """For so many steps at the start of a training the judge learns and has no say."""

    unlabelled_share: Annotated[float, Field(gt=0, le=4)] = 0.25
    """Pieces of photos without masks for each piece with one."""
