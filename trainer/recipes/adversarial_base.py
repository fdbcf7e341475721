"""Base of recipes with a discriminator: their step, and the steps in which its terms count."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from trainer.labels.values import IGNORE
from trainer.recipes.adversarial_term import AdversarialTerm
from trainer.recipes.supervised import Supervised

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trainer.data.crops import CropPlan
    from trainer.data.loader import Batch
    from trainer.networks.segmenters import Segmenter


class AdversarialBase(Supervised):
    """`supervised` with a discriminator D, which learns from labelled photos only.

    Its terms join after ``free_steps``, that of the unlabelled photos also after ``semi_start``. They leave
    for good when the loss was not a number. With a ``judge_interval`` above 1 most steps are supervised ones,
    and in the others the terms weigh as much more (lazy regularisation, Karras et al. 2020, appendix B).
    """

    wants_unlabelled: ClassVar[bool] = True
    patch_norm: str = "group"
    """Of a patch discriminator; group norm keeps no statistics in which true and predicted maps could mix."""

    def build(self, segmenter: Segmenter) -> None:
        """Build a segmenter as in `supervised`, and a discriminator beside it."""
        super().build(segmenter)
        count, clip = self.classes.count, self.plan.clip
        self.term = AdversarialTerm(self.engine, self.options, count, clip, self.patch_norm)
        self.networks["discriminator"] = self.term.network
        self.optimizers["discriminator"] = self.term.optimizer
        self.rolled_back = False

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """Update D on the labelled crops, then the segmenter on their masks and on D's answers."""
        if not self.judged(step):
            return super().step(batch, None, step)
        free = unlabelled if self.uses_unlabelled(step) else None
        # one pass, so that batch norm takes its statistics over both kinds
        logits = self.segment(batch.image, *([] if free is None else [free.image]))
        probabilities = logits[0].softmax(1)
        loss, curves = self.supervised_loss(logits[0], batch.target)
        valid = batch.target != IGNORE
        view = self.term.view(batch.image, probabilities, valid)
        # D learns also before its terms count: they would be noise of an untrained network at first
        curves |= self.term.update(view, batch.image, probabilities, batch.target)
        if self.adversarial_active(step) and self.options.lambda_adv:
            adv, _ = self.term.generator_loss(view, valid)
            weight = self.options.judge_interval * self.options.lambda_adv
            loss, curves["adv"] = loss + weight * adv, adv.detach()
        if free is not None:
            semi, more = self.unlabelled_loss(free, logits[1])
            loss, curves = loss + semi, curves | more
        self.update(loss)
        return {"loss": loss.detach()} | curves

    def unlabelled_loss(self, unlabelled: Batch, logits: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """lambda_semi BCE(D(u, p), 1); to plot, the term and the share of the map that D takes for true."""
        inside = unlabelled.target != IGNORE
        view = self.term.view(unlabelled.image, logits.softmax(1), inside)
        semi, share = self.term.generator_loss(view, inside)
        return self.semi_weight * semi, {"semi": semi.detach(), "semi_share": share}

    @property
    def semi_weight(self) -> float:
        """Weight of the loss on unlabelled photos in the steps that have them; at 0 they stay out."""
        weight: float = self.options.judge_interval * self.options.lambda_semi
        return weight

    def judged(self, step: int) -> bool:
        """Tell whether D learns and is asked in this step."""
        judged: bool = (step + 1) % self.options.judge_interval == 0
        return judged

    def adversarial_active(self, step: int) -> bool:
        """Tell whether D's terms count in this step."""
        active: bool = step >= self.options.free_steps and not self.rolled_back
        return active

    def uses_unlabelled(self, step: int) -> bool:
        """Tell whether unlabelled photos take part in this step."""
        begun = step >= self.options.semi_start * self.plan.steps
        return begun and self.judged(step) and self.adversarial_active(step) and self.semi_weight > 0

    def unlabelled_plan(self) -> CropPlan:
        """``unlabelled_share`` times as many crops as there are labelled ones."""
        plan = self.crop_plan()
        return replace(plan, batch=max(1, round(self.options.unlabelled_share * plan.batch)))

    def set_rates(self, step: int, scale: float = 1.0) -> None:
        """Set rates as every recipe; after a scale below one, which follows a rollback, only labels count."""
        self.rolled_back = scale < 1
        super().set_rates(step, scale)

    def companions(self) -> dict[str, nn.Module]:
        """Keep D beside the segmenter: its map says where that may be wrong."""
        network: nn.Module = getattr(self.term.network, "module", self.term.network)
        return {"discriminator": network}
