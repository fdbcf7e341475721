"""The adversarial term: a discriminator of true and predicted class maps, and the segmenter's loss.

It sees the photo beside a map of class probabilities. Unlabelled pixels are zero in the true map and in
the predicted one, and count in no loss, so that they teach nothing either way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from trainer.engine.one_batch import pooled, pooled_mean
from trainer.labels.values import IGNORE
from trainer.losses.gan import masked_bce, masked_mean, valid_at
from trainer.networks.discriminators import build_discriminator, frozen

if TYPE_CHECKING:
    from trainer.engine.device import Engine
    from trainer.networks.discriminators import Discriminator
    from trainer.settings.adversarial import AdversarialTerms

PHOTO_CHANNELS = 3
LR = {"fcn": 1e-4, "patch": 4e-4}


class AdversarialTerm:
    """A discriminator with its optimizer, as several recipes use them.

    Parameters
    ----------
    engine
        Device and Fabric.
    options
        Kind, resolution, rate and target of the discriminator.
    classes
        Number of classes, K.
    clip
        Largest norm of its gradient.
    norm
        Normalisation of a patch discriminator; ``group`` has no statistics in which photos could mix.
    """

    def __init__(
        self, engine: Engine, options: AdversarialTerms, classes: int, clip: float, norm: str = "group"
    ) -> None:
        self.engine, self.options, self.classes, self.clip = engine, options, classes, clip
        kind = options.discriminator
        name = kind if kind == "fcn" else f"patch{options.receptive_field}"
        width = None if options.width == "auto" else options.width
        network = build_discriminator(name, PHOTO_CHANNELS + classes, width, norm, options.stride)
        lr = LR[kind] if options.lr_discriminator == "auto" else options.lr_discriminator
        optimizer = torch.optim.Adam(network.parameters(), lr=lr, betas=(0.5, 0.999), fused=True)
        self.network, (self.optimizer,) = engine.setup(network, optimizer)

    def view(self, image: Tensor, maps: Tensor, valid: Tensor) -> Tensor:
        """Make the discriminator's input, at its own resolution, ``(N, 3 + K, h, w)``.

        What it learns from and what it answers are the same view: made once in a step, since at the photo's
        resolution it costs as much as the discriminator itself.

        Parameters
        ----------
        image, maps, valid
            ``(N, 3, H, W)``, ``(N, K, H, W)``, to which gradients lead, and ``(N, H, W)`` bool.
        """
        bare = cast("Discriminator", getattr(self.network, "module", self.network))
        seen = torch.where(valid.unsqueeze(1), maps, 0.0)
        return torch.cat([bare.coarse(image), bare.coarse(seen)], dim=1)

    def update(self, view: Tensor, image: Tensor, probabilities: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Update the discriminator once, on labelled photos.

        True and predicted maps go through it one after the other: batch statistics never mix.

        Parameters
        ----------
        view
            Of what was predicted; no gradient is taken of it.
        image, probabilities, target
            ``(N, 3, H, W)``, ``(N, K, H, W)`` of which no gradient is taken, and ``(N, H, W)``.

        Returns
        -------
        dict of str to Tensor
            ``d_loss``; ``d_real`` and ``d_fake``, 0 to 1: how real it finds true and predicted maps; or where
            it learns correctness ``d_right`` and ``d_wrong``: how right it finds right and wrong pixels.
        """
        valid = (target != IGNORE).unsqueeze(1)
        probabilities = probabilities.detach()  # this update must not reach the segmenter
        fake = self.network(view.detach())
        if self.options.target == "correctness":
            # a coarse cell is as right as the share of its labelled pixels that are
            own = probabilities.gather(1, target.long().unsqueeze(1).masked_fill(~valid, 0))
            right = (own == probabilities.amax(1, keepdim=True)) & valid  # argmax would take twice as long
            share = valid_at(right, fake.shape[-2:]) / valid_at(valid, fake.shape[-2:]).clamp(min=1e-6)
            loss = masked_bce(fake, share, valid)
            beliefs = {"d_right": (fake, right), "d_wrong": (fake, valid & ~right)}
        else:
            truth = smoothed_one_hot(target, self.classes, self.options.smooth)
            real = self.network(self.view(image, truth, valid[:, 0]))
            loss = 0.5 * (masked_bce(real, 1.0, valid) + masked_bce(fake, 0.0, valid))
            beliefs = {"d_real": (real, valid), "d_fake": (fake, valid)}
        self.engine.update(loss, self.network, self.optimizer, self.clip)
        means = {
            name: masked_mean(logits.detach().float().sigmoid(), where)
            for name, (logits, where) in beliefs.items()
        }
        return {"d_loss": loss.detach(), **means}

    def generator_loss(self, view: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """BCE(D(x, p), 1) over the valid pixels; gradients reach the view, the discriminator stays.

        Parameters
        ----------
        valid
            ``(N, H, W)`` bool.

        Returns
        -------
        Tensor, Tensor
            The loss, and the share of the map that is taken for true.
        """
        mask = valid.unsqueeze(1)
        with frozen(self.network) as discriminator, self.engine.fabric.autocast():
            logits = discriminator(view)
        return masked_bce(logits, 1.0, mask), pooled_mean((logits.detach() > 0).float())

    @torch.no_grad()
    def belief(self, image: Tensor, probabilities: Tensor, valid: Tensor) -> Tensor:
        """Return the discriminator's belief that each pixel of a predicted map is real, ``(N, H, W)``."""
        with frozen(self.network) as discriminator, self.engine.fabric.autocast():
            logits = discriminator(self.view(image, probabilities, valid)).float()
        return F.interpolate(logits, size=image.shape[-2:], mode="bilinear").sigmoid()[:, 0]


def smoothed_one_hot(target: Tensor, classes: int, smooth: float) -> Tensor:
    """Make the true map ``(N, K, H, W)``: 1 - smooth + smooth / K for the class, smooth / K for the others.

    Where the target is IGNORE it is that of class 0.
    """
    index = target.long().masked_fill(target == IGNORE, 0)
    one_hot = F.one_hot(index, classes).movedim(-1, 1).float()
    return one_hot * (1 - smooth) + smooth / classes


def believed_cross_entropy(
    logits: Tensor, belief: Tensor, threshold: float, valid: Tensor
) -> tuple[Tensor, Tensor]:
    """Masked cross-entropy against the network's own classes where it is believed (Hung et al. 2018, eq. 5).

    Parameters
    ----------
    logits, belief, valid
        ``(N, K, H, W)``, ``(N, H, W)`` in [0, 1] and ``(N, H, W)`` bool.
    threshold
        Pixels with more belief than this are learnt from.

    Returns
    -------
    Tensor, Tensor
        The loss, averaged over all valid pixels, and the share of them that was learnt from.
    """
    logits = logits.float()
    chosen = (belief > threshold) & valid
    losses = F.cross_entropy(logits, logits.detach().argmax(1), reduction="none")
    total = pooled(valid.sum()).clamp(min=1)
    return pooled(torch.where(chosen, losses, 0.0).sum()) / total, pooled(chosen.sum()) / total
