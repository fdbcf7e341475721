"""DeepLabV3+ with adversarial loss for semi-supervised segmentation (Lalwani), and two relatives.

Weights and rates, which the source leaves open, are options. ``literal`` does as it says: its encoder, and
first a supervised, then an unsupervised phase.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from trainer.labels.values import IGNORE
from trainer.recipes.adversarial_base import AdversarialBase
from trainer.recipes.adversarial_term import believed_cross_entropy

if TYPE_CHECKING:
    from torch import Tensor

    from trainer.data.loader import Batch
    from trainer.networks.segmenters import Segmenter
    from trainer.settings.adversarial import AdversarialOptions

LITERAL = {"encoder": "tu-xception65", "uncertain_weight": 1.0, "class_balanced": 0.0}


class Adversarial(AdversarialBase):
    """Photos x with masks y: L_D = BCE(D(x, y), 1) + BCE(D(x, p), 0), L_G = CE + lambda_adv BCE(D(x, p), 1).

    Unlabelled photos u: L_G = lambda_semi BCE(D(u, p), 1), and D does not learn.
    """

    name: ClassVar[str] = "adversarial"

    @classmethod
    def defaults(cls, options: AdversarialOptions, device: str) -> dict[str, object]:
        """No Dice; the source's encoder where it is to be literal."""
        return {"dice_weight": 0.0} | (LITERAL if options.literal else {})

    def build(self, segmenter: Segmenter) -> None:
        """Segmenter and discriminator; pix2pix's patches have batch-norm."""
        if self.options.literal:
            self.patch_norm = "batch"
        self.options = self.options.resolved()
        super().build(segmenter)

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """Both kinds of photos side by side, or in the second of two phases unlabelled ones alone."""
        two_phase = self.options.schedule == "two_phase"
        if not two_phase or unlabelled is None or not self.uses_unlabelled(step):
            return super().step(batch, unlabelled, step)
        (logits,) = self.segment(unlabelled.image)
        loss, curves = self.unlabelled_loss(unlabelled, logits)
        self.update(loss)
        return {"loss": loss.detach()} | curves

    @property
    def semi_weight(self) -> float:
        """Weight of the loss on unlabelled photos in the steps that have them."""
        options: AdversarialOptions = self.options
        if options.semi_loss == "hung":
            return options.judge_interval * options.hung_lambda
        return super().semi_weight

    def unlabelled_loss(self, unlabelled: Batch, logits: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """lambda_semi BCE(D(u, p), 1), or Hung's cross-entropy on the pixels that D believes."""
        if self.options.semi_loss == "adversarial":
            return super().unlabelled_loss(unlabelled, logits)
        inside = unlabelled.target != IGNORE
        belief = self.term.belief(unlabelled.image, logits.detach().softmax(1), inside)
        semi, share = believed_cross_entropy(logits, belief, self.options.hung_threshold, inside)
        return self.semi_weight * semi, {"semi": semi.detach(), "semi_share": share}
