"""The segmenter of the surrogate-supervision study: DeepLabV3+ and cross-entropy, nothing else.

Source: "Skin Segmentation with Surrogate Supervision" (2018), training details. Crops of 513 pixels with a
uniformly random centre, white outside; batch 4; Adam, 1e-4, beta .5 and .999; 300,000 steps. What it starts
from is ``--init``: scratch, colorization or imagenet. Without ``literal`` it is the same method at the
device's size, rate and number of steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from trainer.engine.optim import make_optimizer
from trainer.losses.segmentation import cross_entropy
from trainer.recipes.base import Recipe

if TYPE_CHECKING:
    from torch import Tensor

    from trainer.data.loader import Batch
    from trainer.networks.segmenters import Segmenter
    from trainer.settings.surrogate import SurrogateOptions

METHOD = {
    "arch": "deeplabv3plus",
    "fit": "crop",
    "centres": "uniform",
    "class_balanced": 0.0,
    "augment": False,
    "optimizer": "adam",
    "beta1": 0.5,
    "weight_decay": 0.0,
}
LITERAL = {
    "encoder": "tu-resnet50s",
    "size": 513,
    "batch": 4,
    "lr": 1e-4,
    "warmup": 0.0,
    "dropout": 0.5,
    "steps_full": 300_000,
    "encoder_lr": 1.0,
    "bn_batches": 0,
}
"""The source's figures; slow encoder and new batch-norm statistics, which it does not have, are off."""


class Surrogate(Recipe):
    """L = CE, Adam, constant rate (literal) or the project's schedule."""

    name: ClassVar[str] = "surrogate"
    options: SurrogateOptions

    @classmethod
    def defaults(cls, options: SurrogateOptions, device: str) -> dict[str, object]:
        """Take the source's method, and with ``literal`` its figures."""
        return METHOD | (LITERAL if options.literal else {})

    @classmethod
    def network(cls, options: SurrogateOptions) -> dict[str, object]:
        """Whole atrous convolutions where asked for."""
        return {} if options.separable_aspp and not options.literal else {"decoder_aspp_separable": False}

    def build(self, segmenter: Segmenter) -> None:
        """One network, one optimizer."""
        optimizer = make_optimizer(self.plan, segmenter)
        self.networks["segmenter"], (self.optimizers["segmenter"],) = self.engine.setup(segmenter, optimizer)

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """Update once on the cross-entropy of the labelled pixels."""
        loss = cross_entropy(self.served(batch.image), batch.target)
        self.engine.update(loss, self.served, self.optimizers["segmenter"], self.plan.clip)
        return {"loss": loss.detach()}

    def lr_factor(self, step: int) -> float:
        """Constant, as in the source, with ``literal``."""
        return 1.0 if self.options.literal else super().lr_factor(step)
