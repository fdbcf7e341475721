"""Cross-entropy and present-class Dice on labelled crops: the method the others are measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from trainer.engine.one_batch import parts
from trainer.engine.optim import make_optimizer
from trainer.errors import ConfigError
from trainer.losses.segmentation import class_weights, cross_entropy, present_class_dice
from trainer.recipes.base import Recipe

if TYPE_CHECKING:
    from trainer.data.loader import Batch
    from trainer.networks.segmenters import Segmenter


class Supervised(Recipe):
    """L = CE + dice_weight * Dice, AdamW."""

    name: ClassVar[str] = "supervised"

    def build(self, segmenter: Segmenter) -> None:
        """One network, one optimizer."""
        optimizer = make_optimizer(self.plan, segmenter)
        self.networks["segmenter"], (self.optimizers["segmenter"],) = self.engine.setup(segmenter, optimizer)
        weight = class_weights(self.classes.count, self.classes.uncertain, self.plan.uncertain_weight)
        self.weight = weight.to(self.engine.device)

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """Forward, both losses, one update."""
        (logits,) = self.segment(batch.image)
        loss, curves = self.supervised_loss(logits, batch.target)
        self.update(loss)
        return {"loss": loss.detach()} | curves

    def segment(self, *images: Tensor) -> list[Tensor]:
        """Logits of several batches ``(N, 3, H, W)``, which go through the network as one.

        Raises
        ------
        ConfigError
            There is one photo only, of which batch-norm layers cannot take statistics.
        """
        sizes = [len(image) for image in images]
        if sum(sizes) < 2 and self.engine.ranks.world == 1:
            raise ConfigError(
                "training.batch: batch-norm layers need two crops in a step; set it to 2 or more"
            )
        together = images[0] if len(images) == 1 else torch.cat(images)
        with parts(*sizes):
            return list(self.served(together).float().split(sizes))

    def supervised_loss(self, logits: Tensor, target: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """CE + dice_weight * Dice, and both by name to plot."""
        ce = cross_entropy(logits, target, self.weight)
        if not self.plan.dice_weight:
            return ce, {"ce": ce.detach()}
        dice = present_class_dice(logits, target)
        return ce + self.plan.dice_weight * dice, {"ce": ce.detach(), "dice": dice.detach()}

    def update(self, loss: Tensor) -> None:
        """One step of the segmenter's optimizer."""
        self.engine.update(loss, self.served, self.optimizers["segmenter"], self.plan.clip)
