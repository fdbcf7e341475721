"""Teacher, strong views and the loss of the consistency recipe."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from trainer.data.loader import Batch
from trainer.data.strong_augment import ViewStrength, cut_boxes, gaussian_blur, paste, strong_view
from trainer.engine.device import Engine
from trainer.engine.ema import update_average, warm_up_decay
from trainer.labels.classes import load_class_set
from trainer.labels.values import IGNORE
from trainer.networks.architectures import build_segmenter
from trainer.recipes.consistency import Consistency, consistency_loss
from trainer.settings.model import Settings
from trainer.training.resolve_plan import make_plan

SIDE = 64


def rng(seed=0):
    return np.random.default_rng(seed)


def make_recipe(**options):
    settings = Settings.model_validate({"training": {"size": SIDE, "batch": 2}, "consistency": options})
    plan = make_plan(settings, "cpu", "full", recipe="consistency", steps=8)
    torch.manual_seed(0)
    segmenter = build_segmenter(plan.arch, plan.encoder, 9)
    return Consistency(load_class_set("skin9"), plan, Engine.start("cpu", threads=1), segmenter)


def crops(labelled=True, seed=0):
    random = torch.Generator().manual_seed(seed)
    image = torch.rand(2, 3, SIDE, SIDE, generator=random) * 2 - 1
    target = torch.randint(0, 9, (2, SIDE, SIDE), generator=random, dtype=torch.uint8)
    return Batch(image, target if labelled else torch.zeros_like(target))


def test_the_loss_counts_all_valid_pixels_and_learns_from_sure_ones():
    p = torch.tensor([[0.7, 0.4, 0.9, 0.5], [0.3, 0.6, 0.1, 0.5]])
    logits = p.log()[None, :, None].requires_grad_()
    target = torch.tensor([[[0, IGNORE, 1, IGNORE]]])
    inside = torch.tensor([[[True, True, True, False]]])
    loss, share = consistency_loss(logits, target, inside)
    assert loss.item() == pytest.approx(-(math.log(0.7) + math.log(0.1)) / 3)
    assert share.item() == pytest.approx(2 / 3)
    loss.backward()
    assert logits.grad[..., [1, 3]].abs().sum() == 0
    nothing, none = consistency_loss(logits, torch.full_like(target, IGNORE), torch.zeros_like(inside))
    assert (nothing.item(), none.item()) == (0, 0)


def test_the_teacher_follows_weights_and_batch_statistics():
    teacher, student = (nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)) for _ in range(2))
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    student[1].running_mean.fill_(4.0)
    student[1].num_batches_tracked.fill_(7)
    update_average(teacher.state_dict(), student.state_dict(), 0.75)
    for name, value in teacher.state_dict().items():
        if value.is_floating_point():
            wanted = 0.75 * before[name] + 0.25 * student.state_dict()[name]
            assert torch.allclose(value, wanted), name
    assert teacher[1].running_mean.item() == pytest.approx(1.0)
    assert teacher[1].num_batches_tracked == 7
    assert [warm_up_decay(0.99, step) for step in (0, 8, 10_000)] == [0.1, 0.5, 0.99]


def test_a_step_trains_the_student_and_only_moves_the_teacher():
    recipe = make_recipe(warmup=0.0, threshold=0.1)
    before = {name: value.clone() for name, value in recipe.teacher.state_dict().items()}
    curves = recipe.step(crops(), crops(labelled=False, seed=1), 3)
    assert all(p.grad is None and not p.requires_grad for p in recipe.teacher.parameters())
    decay = warm_up_decay(0.99, 3)
    student = recipe.served.state_dict()
    for name, value in recipe.teacher.state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(value, torch.lerp(student[name], before[name], decay), atol=1e-6), name
    assert curves["semi_share"] == 1
    assert {"loss", "ce", "dice", "semi"} <= curves.keys()


def test_both_losses_have_half_and_unlabelled_photos_wait_for_the_warmup():
    recipe = make_recipe(warmup=0.5, threshold=0.1, cutmix=0.0, jitter=0.0, gray=0.0, blur=0.0)
    assert [recipe.uses_unlabelled(step) for step in (0, 3, 4, 7)] == [False, False, True, True]
    assert not make_recipe(weight=0.0).uses_unlabelled(7)
    early = recipe.step(crops(), crops(labelled=False), 3)
    assert early["loss"].item() == pytest.approx((early["ce"] + early["dice"]).item(), abs=1e-5)
    late = recipe.step(crops(), crops(labelled=False), 4)
    wanted = (late["ce"] + late["dice"] + late["semi"]) / 2
    assert late["loss"].item() == pytest.approx(wanted.item(), abs=1e-5)


def test_the_threshold_is_read_off_probabilities_at_the_temperature():
    unlabelled = crops(labelled=False)
    unlabelled.target[:, : SIDE // 2] = IGNORE
    for temperature in (0.02, 1.0):
        recipe = make_recipe(threshold=0.5, temperature=temperature)
        target, inside = recipe._teacher_classes(unlabelled)
        with torch.no_grad():
            p = (recipe.teacher(unlabelled.image) / temperature).softmax(1)
        sure = p.amax(1) >= 0.5
        sure[:, : SIDE // 2] = False
        assert inside.float().mean() == 0.5
        assert torch.equal(target != IGNORE, sure)
        assert torch.equal(target[sure], p.argmax(1)[sure])
        assert bool(sure.any()) == (temperature < 1)


def test_a_strong_view_changes_colours_and_depends_on_its_seed_alone():
    image = torch.rand(4, 3, 32, 32) * 2 - 1
    strength = ViewStrength(jitter=0.5, gray=0.5, blur=0.5)
    view = strong_view(image, strength, rng(1))
    assert view.shape == image.shape
    assert view.min() >= -1
    assert view.max() <= 1
    assert torch.equal(view, strong_view(image, strength, rng(1)))
    assert not torch.allclose(view, strong_view(image, strength, rng(2)))
    same = strong_view(image, ViewStrength(jitter=0.0, gray=0.0, blur=0.0), rng(1))
    assert torch.allclose(same, image, atol=1e-5)
    gray = strong_view(image, ViewStrength(jitter=0.0, gray=1.0, blur=0.0), rng(1))
    assert (gray.amax(1) - gray.amin(1)).max() < 1e-5


def test_blur_keeps_a_plain_picture_and_spreads_a_point():
    plain = torch.full((1, 3, 16, 16), 0.3)
    assert torch.allclose(gaussian_blur(plain, 1.0), plain, atol=1e-6)
    point = torch.zeros(1, 1, 17, 17)
    point[..., 8, 8] = 1
    blurred = gaussian_blur(point, 1.0)
    assert blurred.sum().item() == pytest.approx(1.0, abs=1e-4)
    assert blurred[..., 8, 9].item() / blurred[..., 8, 8].item() == pytest.approx(math.exp(-0.5), abs=1e-4)


def test_cutmix_takes_a_rectangle_of_the_photo_before_for_picture_and_classes_alike():
    mask = cut_boxes(200, 40, 60, 0.5, rng())
    shares = mask.float().mean((1, 2))
    assert 0.35 < (shares > 0).float().mean() < 0.65
    assert shares[shares > 0].min() > 0.03
    assert shares.max() < 0.45
    one = next(m for m in mask if m.any())
    rows, columns = one.any(1).sum(), one.any(0).sum()
    assert one.sum() == rows * columns
    values = torch.arange(3.0).view(3, 1, 1).expand(3, 40, 60)
    mixed = paste(values, one.expand(3, 40, 60))
    assert mixed[1][one].unique().tolist() == [0.0]
    assert mixed[1][~one].unique().tolist() == [1.0]
    pictures = paste(values.unsqueeze(1).expand(3, 3, 40, 60), one.expand(3, 40, 60))
    assert torch.equal(pictures[:, 0], mixed)
