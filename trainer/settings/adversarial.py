"""Options of the adversarial term, shared by the recipes that have one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.settings.section import Rate, Section, Share, Weight


class AdversarialTerms(Section):
    """What a discriminator adds to the loss."""

    discriminator: Literal["fcn", "patch"] = "fcn"
    """fcn judges every pixel, patch judges overlapping squares."""

    receptive_field: Literal[16, 70, 256] = 70
    """Side of the squares that patch judges, in pixels."""

    stride: Literal[1, 2, 4, 8] = 1
    """The discriminator sees everything averaged over squares of this side; 4 costs a sixteenth of 1."""

    width: Annotated[int, Field(ge=4, le=256)] | Literal["auto"] = "auto"
    """Channels of its first layer; auto: 32 for fcn, 64 for patch."""

    target: Literal["truth", "correctness"] = "truth"
    """What the discriminator learns: to tell true masks from predictions, or which pixels are right."""

    lambda_adv: Weight = 0.01
    """Weight of the adversarial term on labelled photos."""

    lambda_semi: Weight = 0.001
    """Weight of the adversarial term on unlabelled photos."""

    lr_discriminator: Rate | Literal["auto"] = "auto"
    """Learning rate of the discriminator; auto: 1e-4 for fcn, 4e-4 for patch."""

    free_steps: Annotated[int, Field(ge=0)] = 0
    """First steps of a round in which the discriminator only learns and has no say."""

    semi_start: Share = 0.25
    """Share of the steps before unlabelled photos join."""

    unlabelled_share: Annotated[float, Field(gt=0, le=4)] = 1.0
    """Unlabelled crops per labelled one in a step."""

    smooth: Share = 0.1
    """How much the true masks are smoothed, so that hard edges alone do not give them away."""


class AdversarialOptions(AdversarialTerms):
    """DeepLabV3+ whose maps must also convince a discriminator, on labelled and on unlabelled photos."""

    literal: bool = False
    """As in the source: Xception encoder, two phases, judged at full size, no smoothing, no Dice."""

    schedule: Literal["interleaved", "two_phase"] = "interleaved"
    """Labelled and unlabelled photos side by side, or first the ones and then the others."""

    semi_loss: Literal["adversarial", "hung"] = "adversarial"
    """On unlabelled photos: convince the discriminator, or learn from the pixels that it believes."""

    hung_lambda: Weight = 0.1
    """Weight of the cross-entropy on believed pixels."""

    hung_threshold: Share = 0.2
    """Pixels the discriminator believes more than this count."""

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
            "free_steps": 0,
            "smooth": 0.0,
        }
        return self.model_copy(update=source)
