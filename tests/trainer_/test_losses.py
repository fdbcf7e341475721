"""Losses on examples small enough to do by hand."""

import math

import pytest
import torch

from trainer.losses import IGNORE, class_weights, cross_entropy, present_class_dice


def logits_of(probabilities):
    """Probabilities (K, pixels) as logits (1, K, 1, pixels)."""
    return torch.tensor(probabilities).log()[None, :, None, :].requires_grad_()


def test_cross_entropy_by_hand():
    logits = logits_of([[0.5, 0.25, 0.9], [0.5, 0.75, 0.1]])
    target = torch.tensor([[[0, 1, IGNORE]]], dtype=torch.uint8)
    expected = -(math.log(0.5) + math.log(0.75)) / 2
    assert cross_entropy(logits, target).item() == pytest.approx(expected, abs=1e-6)


def test_weighted_cross_entropy_by_hand():
    logits = logits_of([[0.5, 0.25], [0.5, 0.75]])
    target = torch.tensor([[[0, 1]]], dtype=torch.uint8)
    expected = -(1.0 * math.log(0.5) + 0.5 * math.log(0.75)) / 1.5
    weight = torch.tensor([1.0, 0.5])
    assert cross_entropy(logits, target, weight).item() == pytest.approx(expected, abs=1e-6)


def test_present_class_dice_by_hand():
    logits = logits_of([[0.8, 0.4], [0.1, 0.5], [0.1, 0.1]])
    target = torch.tensor([[[0, 1]]], dtype=torch.uint8)
    first = (2 * 0.8 + 1) / (1.2 + 1 + 1)
    second = (2 * 0.5 + 1) / (0.6 + 1 + 1)
    expected = 1 - (first + second) / 2  # class 2 is absent: not in the mean
    assert present_class_dice(logits, target).item() == pytest.approx(expected, abs=1e-6)


def test_dice_of_one_wrong_class_is_not_washed_out_by_absent_ones():
    wrong = torch.full((1, 9, 8, 8), -20.0)
    wrong[:, 3] = 20.0
    target = torch.zeros(1, 8, 8, dtype=torch.uint8)
    assert present_class_dice(wrong, target).item() > 0.95


@pytest.mark.parametrize("loss", [cross_entropy, present_class_dice])
def test_ignored_pixels_have_no_gradient(loss):
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 5, 5, requires_grad=True)
    target = torch.randint(0, 4, (2, 5, 5), dtype=torch.uint8)
    target[0, :2] = IGNORE
    loss(logits, target).backward()
    ignored = (target == IGNORE)[:, None].expand_as(logits)
    assert logits.grad[ignored].abs().max() == 0
    assert logits.grad[~ignored].abs().max() > 0


@pytest.mark.parametrize("loss", [cross_entropy, present_class_dice])
def test_nothing_labelled_costs_nothing(loss):
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    value = loss(logits, torch.full((1, 4, 4), IGNORE, dtype=torch.uint8))
    value.backward()
    assert value.item() == 0
    assert logits.grad.abs().max() == 0


@pytest.mark.parametrize("loss", [cross_entropy, present_class_dice])
def test_half_precision_logits_are_computed_in_float32(loss):
    logits = torch.randn(1, 3, 4, 4).bfloat16()
    value = loss(logits, torch.zeros(1, 4, 4, dtype=torch.uint8))
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(loss(logits.float(), torch.zeros(1, 4, 4)).item())


def test_class_weights():
    assert class_weights(4, 1, 0.5).tolist() == [1, 0.5, 1, 1]
    assert class_weights(2, None, 0.5).tolist() == [1, 1]
