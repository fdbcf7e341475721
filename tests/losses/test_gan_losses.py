"""Losses of adversarial training against numbers worked out by hand."""

import math

import pytest
import torch
from torch.nn import functional as F

from trainer.losses.gan import (
    least_squares_discriminator,
    least_squares_generator,
    loss_sensitive_discriminator,
    loss_sensitive_generator,
    masked_bce,
    masked_l1,
    mean_logit,
    valid_at,
)


def logits(*rows):
    """One photo of one row per argument, ``(N, 1, 1, w)``."""
    return torch.tensor(rows, dtype=torch.float32)[:, None, None]


def test_least_squares_on_the_mean_logit_of_each_photo():
    real, fake = logits([0.0, 1.0], [1.0, 1.0]), logits([1.0, 0.0], [0.0, 0.0])
    # means .5 and 1; .5 and 0: 1/2 [(.25 + 0) / 2 + (.25 + 0) / 2]
    assert least_squares_discriminator(real, fake).item() == pytest.approx(0.125)
    assert least_squares_generator(fake).item() == pytest.approx((0.25 + 1) / 2)


def test_least_squares_leave_out_what_is_not_valid():
    valid = torch.tensor([[[True, False]]])
    fake = logits([1.0, 7.0])
    assert least_squares_generator(fake, valid).item() == pytest.approx(0.0)
    assert mean_logit(fake, valid).tolist() == [1.0]
    assert mean_logit(fake, torch.zeros(1, 1, 2)).tolist() == [0.0]


def test_loss_sensitive_losses():
    real, fake = logits([0.0]), logits([2.0])
    low, high = math.log(2), math.log1p(math.exp(-2))  # softplus(-0), softplus(-2)
    assert loss_sensitive_generator(fake).item() == pytest.approx(high)
    wanted = low + 0.5 * (1.0 + low - high)
    assert loss_sensitive_discriminator(real, fake, 1.0, 0.5).item() == pytest.approx(wanted)
    # far enough apart already: only the first term is left
    apart = loss_sensitive_discriminator(logits([0.0]), logits([-50.0]), 1.0)
    assert apart.item() == pytest.approx(low)


def test_masked_bce_against_a_number():
    values = logits([0.0, 2.0])
    both = (math.log(2) + math.log1p(math.exp(-2))) / 2
    assert masked_bce(values, 1.0).item() == pytest.approx(both)
    assert masked_bce(values, 1.0, torch.tensor([[[1, 0]]])).item() == pytest.approx(math.log(2))
    assert masked_bce(values, 0.0, torch.tensor([[[0, 1]]])).item() == pytest.approx(math.log1p(math.exp(2)))


def test_masked_bce_weighs_a_cell_by_its_share_of_valid_pixels():
    values = logits([0.0, 2.0])
    valid = torch.tensor([[[True, False, True, True]]])  # shares 1/2 and 1
    wanted = (0.5 * math.log(2) + math.log1p(math.exp(-2))) / 1.5
    assert valid_at(valid, (1, 2)).flatten().tolist() == [0.5, 1.0]
    assert masked_bce(values, 1.0, valid).item() == pytest.approx(wanted)


def test_masked_l1_is_the_mean_over_channels_of_valid_pixels():
    made, true = torch.zeros(1, 3, 1, 2), torch.ones(1, 3, 1, 2)
    true[..., 1] = 100.0
    assert masked_l1(made, true, torch.tensor([[[True, False]]])).item() == pytest.approx(1.0)
    assert masked_l1(made, true).item() == pytest.approx(50.5)


@pytest.mark.parametrize(
    "loss", [lambda x, v: masked_bce(x, 1.0, v), lambda x, v: masked_l1(x, x * 0 + 1, v)]
)
def test_what_is_not_valid_gets_no_gradient_even_where_it_is_not_a_number(loss):
    values = torch.tensor([[[[0.5, math.nan, 3.0]]]], requires_grad=True)
    loss(values, torch.tensor([[[True, False, False]]])).backward()
    assert values.grad[..., 0].item() != 0
    assert values.grad[..., 2].item() == 0
    nothing = torch.rand(1, 1, 1, 3, requires_grad=True)
    empty = loss(nothing, torch.zeros(1, 1, 3))
    empty.backward()
    assert empty.item() == 0
    assert nothing.grad.abs().sum() == 0


def test_losses_are_float32_for_half_precision_logits():
    values = torch.randn(2, 1, 4, 4)
    half = values.bfloat16()
    assert masked_bce(half, 1.0).dtype == torch.float32
    assert masked_bce(half, 1.0).item() == pytest.approx(
        F.binary_cross_entropy_with_logits(half.float(), torch.ones(2, 1, 4, 4)).item()
    )
    assert least_squares_generator(half).dtype == torch.float32
