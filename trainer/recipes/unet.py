"""U-Net, soft Dice, one shared transform for photo and mask.

Source: a participant's notes on the ISIC 2018 challenge with Keras. The U-Net of 2015; the loss is the
negative soft Dice of the flattened batch, smoothed by 1; photos squashed to 256 x 256, or with their aspect
kept (500 x 666); shift .2, both flips, rotation 90, zoom .2. Its four arms are ``unet.resize`` squash or pad,
each with ``training.augment`` true or false. Unstated there, and so ours: Adam 1e-4, batch 8, 10,000 steps,
white and no label where the transform leaves the photo (Keras repeats its edge), one zoom for both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from trainer.engine.optim import make_optimizer
from trainer.losses.segmentation import flat_dice
from trainer.networks.unet import UNET_2015
from trainer.recipes.base import Recipe
from trainer.settings.unet import UNetOptions

if TYPE_CHECKING:
    from torch import Tensor

    from trainer.data.loader import Batch
    from trainer.networks.segmenters import Segmenter

METHOD = {
    "arch": "unet",
    "class_balanced": 0.0,
    "optimizer": "adam",
    "shift": 0.2,
    "vertical_flip": True,
    "rotate": 90.0,
    "zoom": 1.25,
}
LITERAL = {
    "encoder": UNET_2015,
    "long_side": 1024,
    "batch": 8,
    "lr": 1e-4,
    "warmup": 0.0,
    "dropout": 0.5,
    "colour": 0.0,
    "ema": 0.0,
    "steps_full": 10_000,
    "encoder_lr": 1.0,
    "bn_batches": 0,
}
LR = {"cpu": 1e-3, "mps": 1e-3}
"""At the rates that suit cross-entropy there, the Dice loss can fall into finding nothing and stay there."""
LITERAL_SIZE = {"squash": 256, "pad": 666}


class UNet(Recipe):
    """L = 1 - Dice (literal: -Dice, the same but for a constant), Adam."""

    name: ClassVar[str] = "unet"
    options: UNetOptions

    @classmethod
    def defaults(cls, options: UNetOptions, device: str) -> dict[str, object]:
        """Take the source's method, and with ``literal`` its figures."""
        method = METHOD | {"fit": options.resize}
        if options.literal:
            return method | LITERAL | {"size": LITERAL_SIZE[options.resize]}
        return method | ({"lr": LR[device]} if device in LR else {})

    @classmethod
    def network(cls, options: UNetOptions) -> dict[str, object]:
        """Width and batch norm of the 2015 design, where they are not its own."""
        asked = {"width": options.width, "batch_norm": options.batch_norm}
        return {name: value for name, value in asked.items() if value != getattr(UNetOptions(), name)}

    def build(self, segmenter: Segmenter) -> None:
        """One network, one optimizer."""
        optimizer = make_optimizer(self.plan, segmenter)
        self.networks["segmenter"], (self.optimizers["segmenter"],) = self.engine.setup(segmenter, optimizer)

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """Soft Dice over the batch, one update."""
        dice = flat_dice(self.served(batch.image), batch.target, self.classes.background)
        loss = -dice if self.options.literal else 1 - dice
        self.engine.update(loss, self.served, self.optimizers["segmenter"], self.plan.clip)
        return {"loss": loss.detach()}

    def lr_factor(self, step: int) -> float:
        """Constant, as in the source, with ``literal``."""
        return 1.0 if self.options.literal else super().lr_factor(step)
