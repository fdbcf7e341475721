"""Feature pyramid network, soft Dice, the best of 40 epochs.

Source: "Semantic Segmentation for Skin Melanoma Detection" (listing 1, table 2). The FPN of
segmentation_models_pytorch; Adam, 1e-4, a tenth of it from epoch 25 on; after every epoch the soft Dice loss
and the IoU at threshold one half on the validation photos, and the weights of the best IoU are kept. In the
listing the drop of the rate stands under "if best", which is taken for a slip of indentation: here it comes
whatever the score. Photos are squashed to a square whose side is a multiple of 2^depth. Unstated there, and
so ours: resnet34, 256 pixels, batch 8, and 325 steps an epoch, once over the 2,594 photos of ISIC 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from trainer.engine.optim import epoch_of, lr_factor, make_optimizer
from trainer.errors import ConfigError
from trainer.losses.segmentation import flat_dice
from trainer.recipes.base import Recipe

if TYPE_CHECKING:
    from torch import Tensor

    from trainer.data.loader import Batch
    from trainer.networks.segmenters import Segmenter
    from trainer.settings.fpn import FPNOptions

METHOD = {"arch": "fpn", "fit": "squash", "class_balanced": 0.0, "optimizer": "adam"}
LR = {"cpu": 1e-3, "mps": 1e-3}
"""At the rates that suit cross-entropy there, the Dice loss can fall into finding nothing and stay there."""
LITERAL = {
    "encoder": "resnet34",
    "size": 256,
    "batch": 8,
    "lr": 1e-4,
    "warmup": 0.0,
    "augment": False,
    "ema": 0.0,
    "encoder_lr": 1.0,
    "bn_batches": 0,
}
STEPS_PER_EPOCH = 325
DROP = 0.1


class FPN(Recipe):
    """L = 1 - Dice, Adam, a rate that drops once."""

    name: ClassVar[str] = "fpn"
    options: FPNOptions

    @classmethod
    def defaults(cls, options: FPNOptions, device: str) -> dict[str, object]:
        """Take the source's method, and with ``literal`` its figures."""
        if not options.literal:
            return METHOD | ({"lr": LR[device]} if device in LR else {})
        return METHOD | LITERAL | {"steps_full": options.epochs * STEPS_PER_EPOCH}

    @property
    def epochs(self) -> int:
        """Each is validated and the best is kept; a fast round has no time for it."""
        return 0 if self.plan.lane == "fast" else min(self.options.epochs, self.plan.steps)

    def build(self, segmenter: Segmenter) -> None:
        """One network, one optimizer.

        Raises
        ------
        ConfigError
            A literal round at a size that the network cannot halve down to its last level.
        """
        surplus = self.plan.size % segmenter.stride
        if self.options.literal and surplus:
            raise ConfigError(
                f"training.size: {self.plan.size} is no multiple of {segmenter.stride}, as fpn.literal asks; "
                f"set it to {self.plan.size - surplus + segmenter.stride}"
            )
        optimizer = make_optimizer(self.plan, segmenter)
        self.networks["segmenter"], (self.optimizers["segmenter"],) = self.engine.setup(segmenter, optimizer)

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """Soft Dice over the batch, one update."""
        loss = 1 - flat_dice(self.served(batch.image), batch.target, self.classes.background)
        self.engine.update(loss, self.served, self.optimizers["segmenter"], self.plan.clip)
        return {"loss": loss.detach()}

    def lr_factor(self, step: int) -> float:
        """One after the warm-up, and a tenth from epoch ``drop_at`` on, whatever the score."""
        if not self.epochs:
            return super().lr_factor(step)
        dropped = epoch_of(step, self.plan.steps, self.options.epochs) >= self.options.drop_at
        rising = lr_factor(step, self.plan.steps, self.plan.warmup, floor=1.0)
        return rising * (DROP if dropped else 1.0)
