"""Options of the adversarial term, shared by the recipes that have one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.settings.section import Rate, Section, Share, Weight


class AdversarialTerms(Section):
    """What a discriminator adds to the loss."""

    discriminator: Literal["fcn", "patch"] = "fcn"
    """What the judge looks at: every pixel (fcn) or squares that overlap (patch). The judge is a second
    network that learns to tell masks of people from those of the first."""

    receptive_field: Literal[16, 70, 256] = 70
    """Side of the squares that the judge patch looks at, in pixels."""

    stride: Literal[1, 2, 4, 8] = 1
    """The judge sees squares of so many pixels a side as one; 4 takes a sixteenth of the work of 1."""

    width: Annotated[int, Field(ge=4, le=256)] | Literal["auto"] = "auto"
    """Size of the judge (channels of its first layer); auto: 32 for fcn, 64 for patch."""

    target: Literal["truth", "correctness"] = "truth"
    """What the judge learns: to tell masks of people from guesses (truth), or which pixels are right
    (correctness)."""

    lambda_adv: Weight = 0.01
    """How much the judge counts on photos with masks; being right in every pixel counts 1."""

    lambda_semi: Weight = 0.001
    """How much the judge counts on photos without masks; being right in every pixel counts 1."""

    lr_discriminator: Rate | Literal["auto"] = "auto"
    """How much the judge changes in a step (its learning rate); auto: 1e-4 for fcn, 4e-4 for patch."""

    judge_interval: Literal[1, 2, 4, 8] = 1
    """In every so-many-th step only the judge learns and is asked, and photos without masks take part; they
    then count so many times as much."""

    free_steps: Annotated[int, Field(ge=0)] = 0
    """For so many steps at the start of a training the judge learns and has no say."""

    semi_start: Share = 0.25
    """Part of the steps before photos without masks join, 0 to 1."""

    unlabelled_share: Annotated[float, Field(gt=0, le=4)] = 1.0
    """Pieces of photos without masks for each piece with one."""

    smooth: Share = 0.1
    """How much masks of people are blurred for the judge, 0 to 1, so that hard edges alone do not give
    them away."""


class AdversarialOptions(AdversarialTerms):
    """DeepLabV3+ that must also convince a judge, on photos with masks and without."""

    literal: bool = False
    """Exactly as published: Xception encoder, two phases, judged at full size, no smoothing, no overlap
    counted."""

    schedule: Literal["interleaved", "two_phase"] = "interleaved"
    """Photos with and without masks side by side (interleaved), or first the ones and then the others."""

    semi_loss: Literal["adversarial", "hung"] = "adversarial"
    """On photos without masks: convince the judge, or learn from the pixels that it believes (hung)."""

    hung_lambda: Weight = 0.1
    """How much the pixels that the judge believes count."""

    hung_threshold: Share = 0.2
    """Pixels count that the judge believes more than this, 0 to 1."""

    def resolved(self) -> AdversarialOptions:
        """Return the options, with the source's values in place where ``literal`` asks for them."""
        if not self.literal:
            return self
        source = {
            "schedule": "two_phase",
            "semi_loss": "adversarial",
            "target": "truth",
            "stride": 1,
            "width": "auto",
            "judge_interval": 1,
            "free_steps": 0,
            "smooth": 0.0,
        }
        return self.model_copy(update=source)
