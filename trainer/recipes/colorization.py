"""Colorization as a pretext task: learn from photos without labels by giving gray ones their colours back.

Source: "Skin Segmentation with Surrogate Supervision" (2018): a conditional GAN whose generator is the
segmenter's network with another last layer, read at stride 4 (513 -> 129), and whose discriminator sees
colours and gray side by side (6 x 129 x 129). Least squares GAN and L1 distance, 1 : 1; batch 4; Adam, 2e-4,
beta .5 and .999; 76,000 steps; all photos, labelled or not. Ours: the GAN counts a hundredth, as in pix2pix;
what is not photo counts neither in L1 nor for the discriminator, which joins after ``l1_warmup``, when there
is something to tell apart. The result, all but the last layer, starts
segmenters with ``--init colorization``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from trainer.engine.optim import make_optimizer
from trainer.labels.values import IGNORE
from trainer.losses import gan as gan_losses
from trainer.networks.colorizer import Colorizer, gray, shrink
from trainer.networks.discriminators import build_discriminator, frozen
from trainer.networks.pretext_weights import save_pretrained
from trainer.recipes.base import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from trainer.data.loader import Batch
    from trainer.labels.classes import ClassSet
    from trainer.networks.segmenters import Segmenter
    from trainer.settings.colorization import ColorizationOptions

METHOD = {
    "init": "scratch",
    "fit": "crop",
    "centres": "uniform",
    "optimizer": "adam",
    "beta1": 0.5,
    "weight_decay": 0.0,
    "colour": 0.0,
}
"""The colours are what is to be learnt: nothing may change them."""
AT_HAND = {
    "cpu": {"lr": 1e-3, "steps_full": 10_000},
    "mps": {"lr": 1e-3, "steps_full": 10_000},
    "cuda": {"lr": 5e-4, "steps_full": 20_000},
}
LITERAL = {
    "arch": "deeplabv3plus",
    "encoder": "tu-resnet50s",
    "size": 513,
    "batch": 4,
    "lr": 2e-4,
    "warmup": 0.0,
    "dropout": 0.5,
    "augment": False,
    "steps_full": 76_000,
}
LAMBDA_GAN = 0.01
"""As pix2pix has it (Isola et al. 2017), where the distance has 100 and this 1."""
SHOWN = 4
"""Photos on the panel."""


class Colorization(Recipe):
    """L_G = L1 + lambda_gan * GAN; L_D = GAN; Adam both."""

    name: ClassVar[str] = "colorization"
    needs_labels: ClassVar[bool] = False
    serves: ClassVar[bool] = False
    options: ColorizationOptions

    @classmethod
    def defaults(cls, options: ColorizationOptions, device: str) -> dict[str, object]:
        """Take the source's method, at its own figures with ``literal``."""
        return METHOD | (LITERAL if options.literal else AT_HAND[device])

    @classmethod
    def outputs(cls, classes: ClassSet) -> int:
        """Red, green and blue."""
        return 3

    @classmethod
    def network(cls, options: ColorizationOptions) -> dict[str, object]:
        """As the segmenter of the same study."""
        return {"decoder_aspp_separable": False} if options.literal else {}

    def build(self, segmenter: Segmenter) -> None:
        """Build generator and discriminator, each with its Adam."""
        plan, options = self.plan, self.options
        generator = Colorizer.of(segmenter)
        discriminator = build_discriminator("patch70" if options.gan == "pix2pix70" else "surrogate", 6)
        for name, network, lr in (
            ("segmenter", generator, plan.lr),
            ("discriminator", discriminator, options.lr_discriminator),
        ):
            optimizer = make_optimizer(plan, network, lr)
            self.networks[name], (self.optimizers[name],) = self.engine.setup(network, optimizer)
        wanted, auto = options.lambda_gan, 1.0 if options.literal else LAMBDA_GAN
        self._lambda_gan = auto if wanted == "auto" else wanted
        self._shown: tuple[Tensor, Tensor, Tensor, Tensor] | None = None

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """Colour the crops; update the discriminator once the warm-up is over; update the generator."""
        plan = self.plan
        # the answer is a quarter of the crop's size, and the truth is brought to it
        fake = self.served(gray(batch.image).expand(-1, 3, -1, -1))
        real, inside = shrink(batch.image, batch.target != IGNORE, fake.shape[-2:])
        pale = gray(real)
        l1 = gan_losses.masked_l1(fake, real, inside)
        loss, values = l1, {"l1": l1.detach()}
        if step >= self.options.l1_warmup * plan.steps:
            # without the generator's graph: this update is the discriminator's alone
            values["d"] = self._update_discriminator(real, fake.detach(), pale, inside)
            # frozen: gradients pass through to the generator, and the discriminator's statistics stay
            with frozen(self.networks["discriminator"]) as discriminator:
                gan = self._generator_loss(discriminator(_seen(fake, pale, inside)), inside)
            loss, values["gan"] = loss + self._lambda_gan * gan, gan.detach()
        self.engine.update(loss, self.served, self.optimizers["segmenter"], plan.clip)
        self._shown = (pale, fake.detach(), real, inside)
        return {"loss": loss.detach(), **values}

    def _update_discriminator(self, real: Tensor, fake: Tensor, pale: Tensor, inside: Tensor) -> Tensor:
        discriminator = self.networks["discriminator"]
        # one after the other: in one batch, batch norm would mix real and made pictures
        of_real = discriminator(_seen(real, pale, inside))
        of_fake = discriminator(_seen(fake, pale, inside))
        if self.options.gan == "loss_sensitive":
            # the more a made picture differs, the more its loss has to
            apart = gan_losses.mean_logit((real - fake).abs().mean(dim=1, keepdim=True), inside)
            loss = gan_losses.loss_sensitive_discriminator(of_real, of_fake, apart, valid=inside)
        else:
            loss = gan_losses.least_squares_discriminator(of_real, of_fake, inside)
        self.engine.update(loss, discriminator, self.optimizers["discriminator"], self.plan.clip)
        return loss.detach()

    def _generator_loss(self, of_fake: Tensor, inside: Tensor) -> Tensor:
        if self.options.gan == "loss_sensitive":
            return gan_losses.loss_sensitive_generator(of_fake, inside)
        return gan_losses.least_squares_generator(of_fake, inside)

    def lr_factor(self, step: int) -> float:
        """Constant, as in the source, with ``literal``."""
        return 1.0 if self.options.literal else super().lr_factor(step)

    def panel(self) -> npt.NDArray[np.uint8] | None:
        """Draw crops of the last batch in three rows: gray, painted, real."""
        if self._shown is None:
            return None
        pale, fake, real, inside = (tensor[:SHOWN].float().cpu() for tensor in self._shown)
        rows = [picture.expand(-1, 3, -1, -1) * inside + (1 - inside) for picture in (pale, fake, real)]
        picture = torch.cat([torch.cat(list(row), dim=-1) for row in rows], dim=-2)
        return picture.add(1).mul(127.5).round().clamp(0, 255).byte().movedim(0, -1).numpy()

    def finish(
        self,
        weights: dict[str, Tensor],
        pretrained: Path,
        say: Callable[[str], None] = lambda message: None,
    ) -> Path:
        """Write the averaged generator without its last layer, and a card that says how it was made."""
        plan = self.plan
        card = {
            "format": 1,
            "created": time.time(),
            "recipe": self.name,
            "init": plan.init,
            "network": {"arch": plan.arch, "encoder": plan.encoder, "options": plan.network},
            "plan": plan.to_dict(),
        }
        kept = {k: v for k, v in weights.items() if not k.startswith("network.segmentation_head.")}
        return save_pretrained(pretrained, f"colorization-{plan.encoder}", kept, card, say)


def _seen(colours: Tensor, pale: Tensor, inside: Tensor) -> Tensor:
    """Join the discriminator's input, ``(N, 6, h, w)``: colours and gray, zero where there is no photo."""
    return torch.cat([colours, pale.expand(-1, 3, -1, -1)], dim=1) * inside
