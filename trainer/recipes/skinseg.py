"""The product's default: supervised losses, and a discriminator that also scores unlabelled photos."""

from __future__ import annotations

from typing import ClassVar

from trainer.recipes.adversarial_base import AdversarialBase


class SkinSeg(AdversarialBase):
    """L = CE + dice_weight Dice + lambda_adv BCE(D(x, p), 1) + lambda_semi BCE(D(u, p), 1).

    As `adversarial` with Dice. Its discriminator learns which pixels are right, so that its map says where a
    prediction may be wrong. A step has to stay cheap: it works at a quarter of the resolution, where the
    network decides, and there are few unlabelled crops beside the labelled ones.
    """

    name: ClassVar[str] = "skinseg"
