"""Losses on examples small enough to do by hand."""

import math

import pytest
import torch

from trainer.labels.values import IGNORE
from trainer.losses.segmentation import (
    class_weights,
    cross_entropy,
    flat_dice,
    focal,
    jaccard_distance,
    present_class_dice,
    thresholded_iou,
)


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


def dice_loss(logits, target):
    return 1 - flat_dice(logits, target)


def focal_of_first(logits, target):
    """The focal loss where a pixel is positive if its class is 1."""
    binary = (target.float() == 1).float().masked_fill(target == IGNORE, IGNORE)
    return focal(logits, binary[:, None].expand_as(logits))


def jaccard_of_first(logits, target):
    binary = (target.float() == 1).float().masked_fill(target == IGNORE, IGNORE)
    return jaccard_distance(logits.float().sigmoid(), binary[:, None].expand_as(logits), delta=1.0)


LOSSES = [cross_entropy, present_class_dice, dice_loss, focal_of_first, jaccard_of_first]


@pytest.mark.parametrize("loss", LOSSES)
def test_ignored_pixels_have_no_gradient(loss):
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 5, 5, requires_grad=True)
    target = torch.randint(0, 4, (2, 5, 5), dtype=torch.uint8)
    target[0, :2] = IGNORE
    loss(logits, target).backward()
    ignored = (target == IGNORE)[:, None].expand_as(logits)
    assert logits.grad[ignored].abs().max() == 0
    assert logits.grad[~ignored].abs().max() > 0


@pytest.mark.parametrize("loss", LOSSES)
def test_nothing_labelled_costs_nothing(loss):
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    value = loss(logits, torch.full((1, 4, 4), IGNORE, dtype=torch.uint8))
    value.backward()
    assert value.item() == 0
    assert logits.grad.abs().max() == 0


@pytest.mark.parametrize("loss", LOSSES)
def test_half_precision_logits_are_computed_in_float32(loss):
    logits = torch.randn(1, 3, 4, 4).bfloat16()
    value = loss(logits, torch.zeros(1, 4, 4, dtype=torch.uint8))
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(loss(logits.float(), torch.zeros(1, 4, 4)).item())


def test_class_weights():
    assert class_weights(4, 1, 0.5).tolist() == [1, 0.5, 1, 1]
    assert class_weights(2, None, 0.5).tolist() == [1, 1]


def test_flat_dice_of_two_classes_by_hand():
    """Keras: flatten the foreground of the whole batch into one vector."""
    logits = logits_of([[0.8, 0.4, 0.5, 0.1], [0.2, 0.6, 0.5, 0.9]])
    target = torch.tensor([[[0, 1, IGNORE, 1]]], dtype=torch.uint8)
    expected = (2 * (0.6 + 0.9) + 1) / ((0.2 + 0.6 + 0.9) + 2 + 1)
    assert flat_dice(logits, target).item() == pytest.approx(expected, abs=1e-6)


def test_flat_dice_runs_over_the_batch_and_all_foreground_classes():
    logits = torch.cat([logits_of([[0.7], [0.2], [0.1]]), logits_of([[0.2], [0.3], [0.5]])])
    target = torch.tensor([[[1]], [[2]]], dtype=torch.uint8)
    expected = (2 * (0.2 + 0.5) + 1) / ((0.3 + 0.8) + 2 + 1)
    assert flat_dice(logits, target).item() == pytest.approx(expected, abs=1e-6)
    last = (2 * (0.2 + 0.0) + 1) / ((0.9 + 0.5) + 1 + 1)  # class 2 as background: 1 is the only truth
    assert flat_dice(logits, target, background=2).item() == pytest.approx(last, abs=1e-6)


def test_thresholded_iou_by_hand():
    p = torch.tensor([[0.4, 0.6, 0.3, 0.2, 0.9], [0.6, 0.4, 0.7, 0.8, 0.1]])[None, :, None]
    target = torch.tensor([[[1, 1, 0, IGNORE, 0]]], dtype=torch.uint8)
    assert thresholded_iou(p, target).item() == pytest.approx(1 / 3, abs=1e-6)
    assert thresholded_iou(p, torch.zeros(1, 1, 5)).item() == pytest.approx(0, abs=1e-6)
    assert thresholded_iou(1 - torch.eye(2)[None, :, :1, None], torch.zeros(1, 1, 1)).item() < 1e-6
    empty = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1)
    assert thresholded_iou(empty, torch.zeros(1, 1, 1)).item() == 1


def test_thresholded_iou_is_that_of_smp():
    from segmentation_models_pytorch.metrics import get_stats, iou_score

    torch.manual_seed(0)
    p = torch.rand(3, 1, 20, 20)
    target = torch.randint(0, 2, (3, 20, 20))
    stats = get_stats(p[:, 0], target, mode="binary", threshold=0.5)
    ours = thresholded_iou(torch.cat([1 - p, p], dim=1), target)
    assert ours.item() == pytest.approx(iou_score(*stats, reduction="micro").item(), abs=1e-6)


def test_focal_by_hand():
    p = torch.tensor([0.9, 0.2, 0.5])
    target = torch.tensor([1, 0, IGNORE])
    expected = -0.25 * 0.1**2 * math.log(0.9) - 0.75 * 0.2**2 * math.log(0.8)
    assert focal(p.logit(), target).item() == pytest.approx(expected / 2, rel=1e-5)
    assert focal(p.logit(), target, total=1).item() == pytest.approx(expected, rel=1e-5)
    assert focal(p.logit(), target, total=0).item() == pytest.approx(expected, rel=1e-5)
    ce = -(math.log(0.9) + math.log(0.8)) / 2
    assert focal(p.logit(), target, alpha=0.5, beta=0).item() == pytest.approx(ce / 2, rel=1e-5)


def test_focal_is_that_of_torchvision():
    from torchvision.ops import sigmoid_focal_loss

    torch.manual_seed(0)
    logits, target = torch.randn(50) * 5, torch.randint(0, 2, (50,)).float()
    theirs = sigmoid_focal_loss(logits, target, alpha=0.25, gamma=2, reduction="mean")
    assert focal(logits, target).item() == pytest.approx(theirs.item(), rel=1e-4)


def test_focal_of_extreme_logits_is_a_number():
    logits = torch.tensor([200.0, -200.0], requires_grad=True)
    focal(logits, torch.tensor([0, 1])).backward()
    assert torch.isfinite(logits.grad).all()


def test_jaccard_distance_by_hand():
    p = torch.tensor([[0.8, 0.4, 0.9], [0.5, 0.0, 0.2]])
    target = torch.tensor([[1, 0, IGNORE], [0, 0, 0]])
    first = 1 - (0.8 + 100) / (0.8 + 0.4 + 1 - 0.8 + 100)
    second = 1 - 100 / (0.7 + 100)
    assert jaccard_distance(p, target).item() == pytest.approx((first + second) / 2, abs=1e-6)
    exact = 1 - 0.8 / (1.2 + 1 - 0.8)
    assert jaccard_distance(p[:1], target[:1], delta=0).item() == pytest.approx(exact, abs=1e-6)


def test_jaccard_distance_of_no_regions_costs_nothing():
    p = torch.zeros(0, 28, 28, requires_grad=True)
    value = jaccard_distance(p, torch.zeros(0, 28, 28))
    value.backward()
    assert value.item() == 0
