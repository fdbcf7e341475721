"""The recipes with a discriminator: what it learns from, what it says, and what it never sees."""

import math
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from trainer.data.loader import Batch
from trainer.engine.device import Engine
from trainer.errors import ConfigError
from trainer.labels.classes import load_class_set
from trainer.labels.values import IGNORE
from trainer.networks.architectures import build_segmenter
from trainer.recipes.adversarial_term import AdversarialTerm, believed_cross_entropy, smoothed_one_hot
from trainer.recipes.registry import find_recipe
from trainer.settings.adversarial import AdversarialTerms
from trainer.settings.model import Settings
from trainer.settings.toml_file import load_settings
from trainer.training.resolve_plan import make_plan

SIDE = 64


@pytest.fixture
def engine():
    return Engine.start("cpu", threads=1)


def make_recipe(engine, name="skinseg", lane="full", steps=8, training=None, **options):
    """A recipe on random weights."""
    training = {"size": SIDE, "batch": 4, **(training or {})}
    settings = Settings.model_validate({"training": training, name: options})
    plan = make_plan(settings, "cpu", lane, recipe=name, steps=steps)
    torch.manual_seed(0)
    classes = load_class_set("skin9")
    segmenter = build_segmenter(plan.arch, plan.encoder, classes.count)
    return find_recipe(name)(classes, plan, engine, segmenter)


def crops(count=4, seed=0, labelled=True):
    """Noise with blocks of classes, a quarter of it not labelled; or noise without labels."""
    random = torch.Generator().manual_seed(seed)
    image = torch.rand(count, 3, SIDE, SIDE, generator=random) * 2 - 1
    target = torch.zeros(count, SIDE, SIDE, dtype=torch.uint8)
    if labelled:
        blocks = torch.randint(0, 9, (count, 4, 4), generator=random, dtype=torch.uint8)
        target = blocks.repeat_interleave(16, 1).repeat_interleave(16, 2)
        target[:, : SIDE // 2, : SIDE // 2] = IGNORE
    return Batch(image.contiguous(memory_format=torch.channels_last), target)


def state_of(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def same(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def make_term(engine, norm="group", **options):
    torch.manual_seed(0)
    return AdversarialTerm(engine, AdversarialTerms(width=8, **options), 9, clip=1.0, norm=norm)


def view_of(term, batch, maps):
    return term.view(batch.image, maps, batch.target != IGNORE)


def learn(term, batch, maps):
    return term.update(view_of(term, batch, maps), batch.image, maps, batch.target)


def test_the_smoothed_truth_by_hand():
    truth = smoothed_one_hot(torch.tensor([[[2, 0]]], dtype=torch.uint8), 5, 0.1)
    assert truth[0, :, 0, 0].tolist() == pytest.approx([0.02, 0.02, 0.92, 0.02, 0.02])
    assert truth.sum(1).flatten().tolist() == pytest.approx([1.0, 1.0])


def test_what_a_prediction_is_charged_for_by_hand(engine):
    term = make_term(engine)
    batch = crops()
    p = torch.rand(4, 9, SIDE, SIDE).softmax(1)
    valid = batch.target != IGNORE
    loss, share = term.generator_loss(view_of(term, batch, p), valid)
    logits = term.network(torch.cat([batch.image, p * valid.unsqueeze(1)], 1))[:, 0].detach()
    wanted = torch.log1p(torch.exp(-logits))[valid].mean()
    assert loss.item() == pytest.approx(wanted.item(), abs=1e-5)
    assert share.item() == pytest.approx((logits > 0).float().mean().item())


def test_what_the_discriminator_is_charged_for_by_hand(engine):
    term = make_term(engine, smooth=0.0)
    batch = crops()
    p = torch.rand(4, 9, SIDE, SIDE).softmax(1)
    valid = (batch.target != IGNORE).unsqueeze(1)
    one_hot = F.one_hot(batch.target.long().where(valid[:, 0], 0), 9).movedim(-1, 1) * valid
    with torch.no_grad():
        real = term.network(torch.cat([batch.image, one_hot.float()], 1))[valid]
        fake = term.network(torch.cat([batch.image, p * valid], 1))[valid]
    wanted = 0.5 * (F.softplus(-real).mean() + F.softplus(fake).mean())
    curves = learn(term, batch, p)
    assert curves["d_loss"].item() == pytest.approx(wanted.item(), abs=1e-5)
    assert 0 < curves["d_fake"] < 1


def test_a_discriminator_of_correctness_learns_which_pixels_are_right(engine):
    term = make_term(engine, target="correctness", lr_discriminator=1e-2)
    batch = crops()
    truth = smoothed_one_hot(batch.target, 9, 0.1)
    wrong = truth.roll(1, 1)
    p = torch.where(torch.arange(SIDE) < SIDE // 2, truth, wrong)  # right on the left half
    for _ in range(30):
        curves = learn(term, batch, p)
    assert curves["d_right"] > curves["d_wrong"] + 0.3
    belief = term.belief(batch.image, p, batch.target != IGNORE)
    labelled = (batch.target != IGNORE)[:, SIDE // 2 :]
    below = belief[:, SIDE // 2 :]
    assert labelled.all()
    assert below[..., : SIDE // 2].mean() > below[..., SIDE // 2 :].mean() + 0.3


@pytest.mark.parametrize(
    "options", [{"stride": 1}, {"stride": 4}, {"discriminator": "patch", "receptive_field": 16}]
)
def test_pixels_nobody_labelled_teach_nothing(engine, options):
    batch = crops()
    ignored = batch.target == IGNORE
    p = torch.rand(4, 9, SIDE, SIDE).softmax(1)
    others = torch.where(ignored.unsqueeze(1), p.flip(1), p)
    terms = [make_term(engine, **options), make_term(engine, **options)]
    for term, maps in zip(terms, (p, others), strict=True):
        learn(term, batch, maps)
    assert same(state_of(terms[0].network), state_of(terms[1].network))
    asked = p.clone().requires_grad_()
    loss, _ = terms[0].generator_loss(view_of(terms[0], batch, asked), ~ignored)
    loss.backward()
    by_pixel = asked.grad.abs().sum(1)
    assert by_pixel[ignored].sum() == 0
    assert by_pixel[~ignored].min() > 0


def test_photos_without_any_label_leave_the_discriminator_alone(engine):
    term = make_term(engine)
    before = state_of(term.network)
    batch = crops()
    learn(term, replace(batch, target=torch.full_like(batch.target, IGNORE)), torch.rand(4, 9, SIDE, SIDE))
    assert same(before, state_of(term.network))


def test_true_and_predicted_maps_never_share_a_batch(engine):
    term = make_term(engine, norm="batch", discriminator="patch", receptive_field=16)
    seen = []
    term.network.module.layers[3].register_forward_hook(
        lambda m, inputs, out: seen.append(inputs[0].shape[0])
    )
    batch = crops()
    learn(term, batch, torch.rand(4, 9, SIDE, SIDE))
    assert seen == [4, 4]
    assert not any(
        isinstance(m, torch.nn.BatchNorm2d)
        for m in make_term(engine, discriminator="patch").network.modules()
    )


@pytest.mark.parametrize("name", ["skinseg", "adversarial"])
def test_the_discriminator_never_learns_from_unlabelled_photos(engine, name):
    states, curves = [], []
    for seed in (1, 2):
        recipe = make_recipe(engine, name, free_steps=0, semi_start=0.0, lambda_semi=1.0, width=8)
        recipe.served.eval()  # joint batch statistics would tell the labelled half of the other one
        unlabelled = crops(seed=seed, labelled=False)
        curves.append(recipe.step(crops(), unlabelled, 1))
        states.append([state_of(recipe.networks[part]) for part in ("discriminator", "segmenter")])
    assert same(states[0][0], states[1][0])
    assert not same(states[0][1], states[1][1])
    beliefs = {"d_right", "d_wrong"} if name == "skinseg" else {"d_real", "d_fake"}
    assert beliefs | {"adv", "semi", "semi_share"} <= curves[0].keys()
    assert len([curve for curve in curves[0] if curve.startswith("d_")]) == 3


@pytest.mark.parametrize("kind", ["fcn", "patch"])
def test_in_the_second_of_two_phases_only_the_segmenter_learns(engine, kind):
    options = {"literal": True, "discriminator": kind, "receptive_field": 16, "semi_start": 0.5}
    recipe = make_recipe(engine, "adversarial", training={"encoder": "tu-resnet10t"}, **options)
    first = recipe.step(crops(), crops(seed=1, labelled=False), 3)
    assert "ce" in first
    assert "semi" not in first
    before = state_of(recipe.networks["discriminator"]), state_of(recipe.served)
    second = recipe.step(crops(), crops(seed=1, labelled=False), 4)
    assert set(second) == {"loss", "semi", "semi_share"}
    assert same(before[0], state_of(recipe.networks["discriminator"]))
    assert not same(before[1], state_of(recipe.served))


def test_the_literal_recipe_has_the_sources_encoder_and_losses(engine):
    settings = Settings.model_validate({"adversarial": {"literal": True}})
    plan = make_plan(settings, "cpu", "full", recipe="adversarial")
    assert (plan.encoder, plan.dice_weight) == ("tu-xception65", 0.0)
    segmenter = build_segmenter(plan.arch, plan.encoder, 9).eval()
    with torch.inference_mode():
        x = torch.zeros(1, 3, 96, 96)
        assert segmenter.network.encoder(x)[-1].shape[-2:] == (6, 6)  # stride 16
        assert segmenter(x).shape == (1, 9, 96, 96)


def test_believed_cross_entropy_by_hand():
    p = torch.tensor([[0.7, 0.4, 0.9], [0.3, 0.6, 0.1]])
    logits = p.log()[None, :, None].requires_grad_()
    belief = torch.tensor([[[0.9, 0.1, 0.9]]])
    loss, share = believed_cross_entropy(logits, belief, 0.2, torch.tensor([[[True, True, False]]]))
    assert loss.item() == pytest.approx(-math.log(0.7) / 2)
    assert share.item() == pytest.approx(0.5)
    loss.backward()
    assert logits.grad[..., 1:].abs().sum() == 0


def test_hungs_loss_learns_from_believed_pixels(engine):
    recipe = make_recipe(engine, "adversarial", semi_loss="hung", semi_start=0.0, hung_threshold=0.0, width=8)
    curves = recipe.step(crops(), crops(seed=1, labelled=False), 0)
    assert curves["semi_share"] == 1
    assert recipe.semi_weight == 0.1
    seldom = make_recipe(engine, "adversarial", semi_loss="hung", schedule="two_phase", judge_interval=4)
    assert seldom.semi_weight == pytest.approx(0.4)


def test_the_default_hears_the_discriminator_late_and_unlabelled_photos_later(engine):
    fast = make_recipe(engine, lane="fast", steps=80)
    assert [fast.adversarial_active(step) for step in (0, 49, 50, 79)] == [False, False, True, True]
    assert [fast.uses_unlabelled(step) for step in (20, 49, 50, 51)] == [False, False, False, True]
    full = make_recipe(engine, steps=400)
    assert [full.uses_unlabelled(step) for step in (50, 99, 100, 101)] == [False, False, False, True]
    assert full.unlabelled_plan().batch == 1
    assert "adv" not in fast.step(crops(), None, 10)
    assert "adv" in fast.step(crops(), None, 61)
    assert not make_recipe(engine, steps=400, lambda_semi=0.0).uses_unlabelled(399)


def test_between_the_steps_of_the_judge_only_labels_count(engine):
    recipe = make_recipe(engine, free_steps=0, semi_start=0.0, judge_interval=4)
    judged = recipe.step(crops(), crops(seed=1, labelled=False), 7)
    assert {"d_loss", "adv", "semi"} <= judged.keys()
    before = state_of(recipe.networks["discriminator"])
    plain = recipe.step(crops(), crops(seed=1, labelled=False), 8)
    assert set(plain) == {"loss", "ce", "dice"}
    assert same(before, state_of(recipe.networks["discriminator"]))


def test_a_judge_asked_seldom_counts_as_much_more(engine):
    losses = []
    for interval in (1, 4):
        recipe = make_recipe(
            engine, free_steps=0, semi_start=0.0, lambda_adv=1.0, lambda_semi=1.0, judge_interval=interval
        )
        curves = recipe.step(crops(), crops(seed=1, labelled=False), 3)
        labelled = curves["ce"] + recipe.plan.dice_weight * curves["dice"]
        losses.append((curves["loss"] - labelled).item())
        assert losses[-1] == pytest.approx(interval * (curves["adv"] + curves["semi"]).item(), rel=1e-4)
    assert losses[1] == pytest.approx(4 * losses[0], rel=1e-3)


@pytest.mark.parametrize("name", ["supervised", "skinseg", "adversarial", "consistency"])
def test_one_photo_in_a_step_is_refused_in_one_line(engine, name):
    recipe = make_recipe(engine, name) if name != "supervised" else make_recipe_without_options(engine)
    with pytest.raises(
        ConfigError,
        match=r"^training\.batch: batch-norm layers need two crops in a step; set it to 2 or more$",
    ):
        recipe.step(crops(1), None, 0)


def make_recipe_without_options(engine):
    settings = Settings.model_validate({"training": {"size": SIDE}})
    plan = make_plan(settings, "cpu", "full", recipe="supervised", steps=8)
    return find_recipe("supervised")(
        load_class_set("skin9"), plan, engine, build_segmenter(plan.arch, plan.encoder, 9)
    )


@pytest.mark.parametrize("name", ["skinseg", "adversarial", "consistency"])
@pytest.mark.parametrize("labels", ["one class", "none"])
def test_labels_of_one_class_or_of_none_give_numbers(engine, name, labels):
    late = {"warmup": 0.0} if name == "consistency" else {"semi_start": 0.0, "free_steps": 0}
    recipe = make_recipe(engine, name, **late)
    batch = crops()
    only = Batch(batch.image, torch.full_like(batch.target, 3 if labels == "one class" else IGNORE))
    for step in range(2):
        curves = recipe.step(only, crops(2, seed=1, labelled=False), step)
    assert all(math.isfinite(value) for value in curves.values())
    assert all(torch.isfinite(p).all() for p in recipe.served.parameters())


def test_after_numbers_gave_out_only_labels_count(engine):
    recipe = make_recipe(engine, free_steps=0, semi_start=0.0)
    recipe.set_rates(3, scale=0.5)
    curves = recipe.step(crops(), crops(seed=1, labelled=False), 3)
    assert not {"adv", "semi"} & curves.keys()


def test_weights_below_zero_are_refused(tmp_path):
    for key in ("adversarial.lambda_adv", "skinseg.lambda_semi", "consistency.weight"):
        with pytest.raises(ConfigError, match=f"'{key}' is -0.1: input should be greater than or equal to 0"):
            load_settings(tmp_path / "skinseg.toml", {key: "-0.1"})


def test_a_step_of_the_default_differs_from_a_supervised_one_by_its_terms_alone(engine):
    plain, default = make_recipe_without_options(engine), make_recipe(engine, free_steps=5)
    default.served.load_state_dict(plain.served.state_dict())
    default.plan = replace(default.plan, dropout=0.0)
    states = []
    for recipe in (plain, default):
        recipe.served.eval()
        recipe.set_rates(0)
        recipe.step(crops(), None, 0)
        states.append(state_of(recipe.served))
    assert same(*states)


def test_the_map_of_the_discriminator_is_kept_with_the_model(engine):
    recipe = make_recipe(engine, width=8)
    ((name, network),) = recipe.companions().items()
    assert name == "discriminator"
    assert network.describe() == {"kind": "fcn", "channels": 12, "width": 8, "norm": "group", "stride": 4}
