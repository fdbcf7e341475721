"""Cross-entropy and present-class Dice on labelled crops: the method the others are measured against."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from trainer.data import Batch
from trainer.losses import class_weights, cross_entropy, present_class_dice
from trainer.networks import Segmenter
from trainer.recipes.recipe import Recipe


class Supervised(Recipe):
    """L = CE + dice_weight * Dice, AdamW."""

    name: ClassVar[str] = "supervised"

    def build(self, segmenter: Segmenter) -> None:
        """One network, one optimizer."""
        optimizer = torch.optim.AdamW(
            segmenter.parameters(), lr=self.plan.lr, weight_decay=self.plan.weight_decay
        )
        self.networks["segmenter"], (self.optimizers["segmenter"],) = self.engine.setup(segmenter, optimizer)
        weight = class_weights(self.classes.count, self.classes.uncertain, self.plan.uncertain_weight)
        self.weight = weight.to(self.engine.device)

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """Forward, both losses, one update."""
        logits = self.served(batch.image)
        ce = cross_entropy(logits, batch.target, self.weight)
        dice = present_class_dice(logits, batch.target)
        loss = ce + self.plan.dice_weight * dice
        self.engine.update(loss, self.served, self.optimizers["segmenter"], self.plan.clip)
        return {"loss": loss.detach(), "ce": ce.detach(), "dice": dice.detach()}
