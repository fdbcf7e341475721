"""Losses of adversarial training, in float32 outside autocast, with unlabelled pixels left out.

D stands for a discriminator's logits ``(N, 1, h, w)``, high where it takes its input for real. ``valid`` is a
mask or a weight in [0, 1], ``(N, H, W)`` or ``(N, 1, H, W)``, at the photo's or at D's resolution.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from trainer.engine.one_batch import pooled, pooled_mean


def valid_at(valid: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    """Share of valid pixels behind each cell of a coarser (or finer) grid, ``(N, 1, h, w)`` float32."""
    mask = valid.float()
    if mask.ndim == 3:
        mask = mask.unsqueeze(1)
    if mask.shape[-2:] == torch.Size(size):
        return mask
    return F.interpolate(mask, size=tuple(size), mode="area")


def masked_mean(values: Tensor, valid: Tensor | None) -> Tensor:
    """Mean over the valid cells of ``(N, C, h, w)``; zero with zero gradient where there is none."""
    if valid is None:
        return pooled_mean(values)
    weight = valid_at(valid, values.shape[-2:]).expand_as(values)
    total = pooled(weight.sum())
    # values times zero would let a NaN in what is left out through
    return pooled(torch.where(weight > 0, values * weight, 0.0).sum()) / torch.where(total > 0, total, 1.0)


def mean_logit(logits: Tensor, valid: Tensor | None = None) -> Tensor:
    """Mean logit of each photo over its valid cells, ``(N,)``; zero for a photo without any."""
    logits = logits.float()
    if valid is None:
        return logits.mean(dim=(1, 2, 3))
    weight = valid_at(valid, logits.shape[-2:])
    total = weight.sum(dim=(1, 2, 3))
    return (logits * weight).sum(dim=(1, 2, 3)) / torch.where(total > 0, total, 1.0)


def least_squares_discriminator(real: Tensor, fake: Tensor, valid: Tensor | None = None) -> Tensor:
    """1/2 [(D(y) - 1)^2 + D(G)^2] on the mean logit of each photo (Mao et al. 2017), averaged over photos."""
    real, fake = mean_logit(real, valid), mean_logit(fake, valid)
    return 0.5 * (pooled_mean((real - 1).square()) + pooled_mean(fake.square()))


def least_squares_generator(fake: Tensor, valid: Tensor | None = None) -> Tensor:
    """(D(G) - 1)^2 on the mean logit of each photo, averaged over photos."""
    return pooled_mean((mean_logit(fake, valid) - 1).square())


def loss_sensitive_discriminator(
    real: Tensor, fake: Tensor, margin: Tensor | float, weight: float = 1.0, valid: Tensor | None = None
) -> Tensor:
    """E[L(y)] + weight E[(margin + L(y) - L(G))_+] of the loss-sensitive GAN (Qi 2017, eq. 4).

    Parameters
    ----------
    margin
        Distance between real and made of each photo, ``(N,)`` or one number: the further they are apart,
        the more their losses have to differ. Qi takes their L1 distance.

    Notes
    -----
    Qi's L is low for real; here L = softplus(-D), which is bounded below as the theory wants.
    """
    loss_real = F.softplus(-mean_logit(real, valid))
    loss_fake = F.softplus(-mean_logit(fake, valid))
    return pooled_mean(loss_real) + weight * pooled_mean(F.relu(margin + loss_real - loss_fake))


def loss_sensitive_generator(fake: Tensor, valid: Tensor | None = None) -> Tensor:
    """E[L(G)], L = softplus(-D) (Qi 2017, eq. 5)."""
    return pooled_mean(F.softplus(-mean_logit(fake, valid)))


def masked_bce(logits: Tensor, target: Tensor | float, valid: Tensor | None = None) -> Tensor:
    """Binary cross-entropy of logits against one number or a map, over the valid cells.

    Parameters
    ----------
    logits
        ``(N, 1, h, w)``.
    target
        1 for real, 0 for made, or a map ``(N, 1, h, w)``.
    valid
        Brought to ``(h, w)`` by area, so that a cell counts by its share of valid pixels.
    """
    logits = logits.float()
    if not isinstance(target, Tensor):
        target = torch.full_like(logits, target)
    return masked_mean(F.binary_cross_entropy_with_logits(logits, target.float(), reduction="none"), valid)


def masked_l1(prediction: Tensor, target: Tensor, valid: Tensor | None = None) -> Tensor:
    """Mean absolute difference of ``(N, C, h, w)`` over the channels of the valid pixels."""
    return masked_mean((prediction.float() - target.float()).abs(), valid)
