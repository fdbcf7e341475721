"""What recipes with a discriminator share: one step, and when the discriminator has a say in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from torch import Tensor, nn

from trainer.data.crops import CropPlan
from trainer.data.loader import Batch
from trainer.labels.values import IGNORE
from trainer.networks.segmenters import Segmenter
from trainer.recipes.adversarial_term import AdversarialTerm
from trainer.recipes.supervised import Supervised


class AdversarialBase(Supervised):
    """`supervised` with a discriminator D, which learns from labelled photos only.

    Its terms join after ``free_steps``, that of the unlabelled photos also after ``semi_start``. They leave
    for good when the loss was not a number.
    """

    wants_unlabelled: ClassVar[bool] = True
    patch_norm: str = "group"
    """Of a patch discriminator; group norm keeps no statistics in which true and predicted maps could mix."""

    def build(self, segmenter: Segmenter) -> None:
        """A segmenter as in `supervised`, and a discriminator beside it."""
        super().build(segmenter)
        count, clip = self.classes.count, self.plan.clip
        self.term = AdversarialTerm(self.engine, self.options, count, clip, self.patch_norm)
        self.networks["discriminator"] = self.term.network
        self.optimizers["discriminator"] = self.term.optimizer
        self.rolled_back = False

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """D learns from the labelled crops; then the segmenter from their masks, and from D on all crops."""
        free = unlabelled if self.uses_unlabelled(step) else None
        logits = self.segment(batch.image, *([] if free is None else [free.image]))
        probabilities = logits[0].softmax(1)
        loss, curves = self.supervised_loss(logits[0], batch.target)
        curves |= self.term.update(batch.image, probabilities, batch.target)
        if self.adversarial_active(step) and self.options.lambda_adv:
            adv, _ = self.term.generator_loss(batch.image, probabilities, batch.target != IGNORE)
            loss, curves["adv"] = loss + self.options.lambda_adv * adv, adv.detach()
        if free is not None:
            semi, more = self.unlabelled_loss(free, logits[1])
            loss, curves = loss + semi, curves | more
        self.update(loss)
        return {"loss": loss.detach()} | curves

    def unlabelled_loss(self, unlabelled: Batch, logits: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """lambda_semi BCE(D(u, p), 1); to plot, the term and the share of the map that D takes for true."""
        inside = unlabelled.target != IGNORE
        semi, share = self.term.generator_loss(unlabelled.image, logits.softmax(1), inside)
        return self.semi_weight * semi, {"semi": semi.detach(), "semi_share": share}

    @property
    def semi_weight(self) -> float:
        """Weight of the loss on unlabelled photos; at 0 they stay out."""
        weight: float = self.options.lambda_semi
        return weight

    def adversarial_active(self, step: int) -> bool:
        """Whether D's terms count in this step."""
        say: bool = step >= self.options.free_steps and not self.rolled_back
        return say

    def uses_unlabelled(self, step: int) -> bool:
        """Whether unlabelled photos take part in this step."""
        begun = step >= self.options.semi_start * self.plan.steps
        return begun and self.adversarial_active(step) and self.semi_weight > 0

    def unlabelled_plan(self) -> CropPlan:
        """``unlabelled_share`` times as many crops as there are labelled ones."""
        plan = self.crop_plan()
        return replace(plan, batch=max(1, round(self.options.unlabelled_share * plan.batch)))

    def set_rates(self, step: int, scale: float = 1.0) -> None:
        """As every recipe; a scale below one tells that numbers gave out, after which only labels count."""
        self.rolled_back = scale < 1
        super().set_rates(step, scale)

    def companions(self) -> dict[str, nn.Module]:
        """D is kept beside the segmenter: its map says where that may be wrong."""
        network: Any = self.term.network
        return {"discriminator": getattr(network, "module", network)}
