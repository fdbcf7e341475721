"""Options of the default recipe."""

from __future__ import annotations

from trainer.options.adversarial import AdversarialTerms


class SkinSegOptions(AdversarialTerms):
    """The default: DeepLabV3+ from colorization weights, cross-entropy, Dice and an adversarial term."""
