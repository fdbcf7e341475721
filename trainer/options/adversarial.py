"""Options of the adversarial term, shared by the recipes that have one."""

from __future__ import annotations

from typing import Literal

from trainer.options.section import Rate, Section, Share, Weight


class AdversarialTerms(Section):
    """What a discriminator adds to the loss."""

    discriminator: Literal["fcn", "patch"] = "fcn"
    """fcn judges every pixel, patch judges overlapping squares."""

    receptive_field: Literal[16, 70, 256] = 70
    """Side of the squares that patch judges, in pixels."""

    lambda_adv: Weight = 0.01
    """Weight of the adversarial term on labelled photos."""

    lambda_semi: Weight = 0.001
    """Weight of the adversarial term on unlabelled photos."""

    lr_discriminator: Rate | Literal["auto"] = "auto"
    """Learning rate of the discriminator; auto: 1e-4 for fcn, 4e-4 for patch."""

    semi_start: Share = 0.25
    """Share of the steps before unlabelled photos join."""

    smooth: Share = 0.1
    """How much the true masks are smoothed, so that hard edges alone do not give them away."""


class AdversarialOptions(AdversarialTerms):
    """DeepLabV3+ whose maps must also convince a discriminator, on labelled and on unlabelled photos."""

    literal: bool = False
    """The source's two phases and rates, without smoothing."""

    schedule: Literal["interleaved", "two_phase"] = "interleaved"
    """Labelled and unlabelled photos side by side, or first the ones and then the others."""

    target: Literal["truth", "correctness"] = "truth"
    """What the discriminator learns: true mask or prediction, or which pixels are right."""

    semi_loss: Literal["adversarial", "hung"] = "adversarial"
    """On unlabelled photos: convince the discriminator, or learn from the pixels that it believes."""

    hung_lambda: Weight = 0.1
    """Weight of the cross-entropy on believed pixels."""

    hung_threshold: Share = 0.2
    """Pixels the discriminator believes more than this count."""
