"""The pretext task: what is painted, what is judged, what is kept, and that it goes on where it stopped."""

import json

import numpy as np
import pytest
import torch

from trainer.data.loader import Batch
from trainer.engine.device import Engine
from trainer.errors import ConfigError
from trainer.labels.classes import CLASS_SETS
from trainer.labels.values import IGNORE
from trainer.losses.gan import least_squares_generator, masked_l1
from trainer.networks.architectures import build_segmenter
from trainer.networks.colorizer import Colorizer, gray, shrink
from trainer.networks.discriminators import build_discriminator
from trainer.networks.weights import read_weights
from trainer.recipes.colorization import Colorization, _seen
from trainer.settings.model import Settings
from trainer.training.resolve_plan import make_plan
from trainer.training.round import run_round
from trainer.training.round_context import StopRound

ENCODER = "tu-resnet10t"
NAME = f"colorization-{ENCODER}"


def make_recipe(steps=4, size=64, **options):
    torch.manual_seed(0)
    training = {"size": size, "batch": 4, "encoder": ENCODER, "steps_full": steps, "threads": 1}
    settings = Settings.model_validate({"training": training, "colorization": options})
    plan = make_plan(settings, "cpu", "batch", recipe="colorization")
    segmenter = build_segmenter(plan.arch, plan.encoder, 3)
    return Colorization(CLASS_SETS["skin9"], plan, Engine.start("cpu", threads=1), segmenter)


def make_batch(seed=0, size=64, padded=16):
    """Crops of two colours that the gray tells apart; the right side is not photo."""
    random = torch.Generator().manual_seed(seed)
    dark = torch.rand(4, 1, size // 8, size // 8, generator=random) < 0.5
    dark = dark.repeat_interleave(8, 2).repeat_interleave(8, 3)
    colours = torch.tensor([[0.7, 0.2, -0.1], [-0.6, -0.5, 0.1]]).view(2, 1, 3, 1, 1)
    image = torch.where(dark, colours[1], colours[0]).contiguous()
    image[..., size - padded :] = 1.0
    target = torch.zeros(4, size, size, dtype=torch.uint8)
    target[..., size - padded :] = IGNORE
    return Batch(image, target)


def values_of(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def unchanged(before, network):
    return all(torch.equal(value, network.state_dict()[name]) for name, value in before.items())


@pytest.mark.parametrize(("arch", "size", "painted"), [("deeplabv3plus", 513, 129), ("unet", 64, 16)])
def test_paints_at_a_quarter_of_the_size(arch, size, painted):
    generator = Colorizer.of(build_segmenter(arch, ENCODER, 3)).eval()
    with torch.inference_mode():
        picture = generator(torch.randn(1, 1, size, size).expand(-1, 3, -1, -1))
    assert picture.shape == (1, 3, painted, painted)
    assert picture.abs().max() <= 1
    discriminator = build_discriminator("surrogate", 6).eval()
    assert discriminator(torch.zeros(1, 6, 129, 129)).shape == (1, 1, 4, 4)


def test_gray_has_the_eye_s_shares_of_the_colours():
    pixel = torch.tensor([0.5, -0.2, 0.1]).view(1, 3, 1, 1)
    assert gray(pixel).item() == pytest.approx(0.299 * 0.5 - 0.587 * 0.2 + 0.114 * 0.1)


def test_fill_does_not_bleed_into_the_small_picture():
    batch = make_batch()
    inside = batch.target != IGNORE
    black = torch.where(inside.unsqueeze(1), batch.image, -1.0)
    white, mask = shrink(batch.image, inside, torch.Size((16, 16)))
    other, _ = shrink(black, inside, torch.Size((16, 16)))
    assert torch.equal(white, other)
    assert mask[..., :12].all()
    assert not mask[..., 12:].any()
    assert torch.allclose(white[..., 11], batch.image[:, :, 2::4, 46], atol=0.35)
    plain, _ = shrink(batch.image[..., :48], inside[..., :48], torch.Size((16, 12)))
    assert torch.allclose(plain, white[..., :12], atol=1e-5)


def test_what_is_not_photo_gives_no_gradient():
    batch = make_batch()
    real, inside = shrink(batch.image, batch.target != IGNORE, torch.Size((16, 16)))
    fake = torch.randn(4, 3, 16, 16, requires_grad=True)
    judge = build_discriminator("surrogate", 6)
    loss = masked_l1(fake, real, inside)
    loss = loss + least_squares_generator(judge(_seen(fake, gray(real), inside)), inside)
    loss.backward()
    assert not fake.grad[..., 12:].any()
    assert fake.grad[..., :12].abs().min() > 0


def test_the_discriminator_joins_after_the_warm_up():
    recipe = make_recipe(steps=4, l1_warmup=0.5)
    before = values_of(recipe.networks["discriminator"])
    for step in (0, 1):
        assert set(recipe.step(make_batch(step), None, step)) == {"loss", "l1"}
    assert unchanged(before, recipe.networks["discriminator"])
    assert set(recipe.step(make_batch(2), None, 2)) == {"loss", "l1", "gan", "d"}
    assert not unchanged(before, recipe.networks["discriminator"])


@pytest.mark.parametrize(
    ("options", "weight"), [({}, 0.01), ({"literal": True}, 1), ({"literal": True, "lambda_gan": 7.0}, 7)]
)
def test_the_weight_of_the_adversarial_term(options, weight):
    values = make_recipe(l1_warmup=0.0, **options).step(make_batch(), None, 0)
    expected = float(values["l1"]) + weight * float(values["gan"])
    assert float(values["loss"]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("gan", "size"), [("loss_sensitive", 64), ("pix2pix70", 128)])
def test_the_other_adversarial_losses_train_both_networks(gan, size):
    recipe = make_recipe(gan=gan, l1_warmup=0.0, size=size)
    before = {name: values_of(network) for name, network in recipe.networks.items()}
    values = recipe.step(make_batch(size=size), None, 0)
    assert all(torch.isfinite(value) for value in values.values())
    assert not any(unchanged(before[name], network) for name, network in recipe.networks.items())


def test_learns_which_colours_a_gray_has():
    recipe = make_recipe(steps=30, size=32, l1_warmup=1.0)
    batches = [make_batch(step, size=32, padded=8) for step in range(30)]
    distance = [float(recipe.step(batch, None, step)["l1"]) for step, batch in enumerate(batches)]
    assert np.mean(distance[-5:]) < 0.4 * np.mean(distance[:3])
    picture = recipe.panel()
    assert picture.shape == (3 * 8, 4 * 8, 3)
    pale, painted, real = (picture[8 * row : 8 * row + 8].astype(float) for row in range(3))
    assert np.ptp(pale, axis=-1).max() <= 1
    assert np.abs(painted - real).mean() < 0.6 * np.abs(pale - real).mean()
    assert (picture[:, 6:8] == 255).all()


def test_literal_figures():
    settings = Settings.model_validate({"colorization": {"literal": True}, "surrogate": {"literal": True}})
    plan = make_plan(settings, "cuda", "batch", recipe="colorization")
    assert (plan.size, plan.batch, plan.steps, plan.lr) == (513, 4, 76_000, 2e-4)
    assert (plan.optimizer, plan.beta1, plan.encoder, plan.centres) == (
        "adam",
        0.5,
        "tu-resnet50s",
        "uniform",
    )
    plan = make_plan(settings, "cuda", "batch", recipe="surrogate")
    assert (plan.size, plan.batch, plan.steps, plan.lr) == (513, 4, 300_000, 1e-4)
    assert plan.network == {"decoder_aspp_separable": False}
    assert not plan.augment


def test_resumes_to_the_very_same_weights(project, settings):
    def stop(progress):
        if progress.phase == "train" and progress.step == 4:
            raise StopRound("test")

    options = {"lane": "batch", "recipe": "colorization", "device": "cpu"}
    straight = run_round(project, settings, **options)
    one = read_weights(straight.weights)
    with pytest.raises(StopRound):
        run_round(project, settings, tick=stop, **options)
    (interrupted,) = [r for r in project.trainer.rounds() if r.ended is None]
    torch.manual_seed(999)
    resumed = run_round(project, settings, round_id=interrupted.id, **options)
    two = read_weights(resumed.weights)
    assert any("going on at step 4 of 6" in message for message in resumed.messages)
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_weights_and_their_card_and_a_start_from_them(project, settings):
    given = settings.model_dump(exclude_unset=True)
    settings = Settings.model_validate({**given, "training": {**given["training"], "encoder": ENCODER}})
    made = run_round(project, settings, lane="batch", recipe="colorization", device="cpu")
    assert made.weights == project.path / "pretrained" / f"{NAME}.safetensors"
    assert project.models.all() == []
    card = json.loads(made.weights.with_suffix(".json").read_text())
    assert card["network"] == {"arch": "deeplabv3plus", "encoder": ENCODER, "options": {}}
    assert card["plan"]["optimizer"] == "adam"
    segmenter = build_segmenter("deeplabv3plus", ENCODER, project.classes.count)
    head = {name for name in segmenter.state_dict() if name.startswith("network.segmentation_head.")}
    assert set(segmenter.state_dict()) - set(read_weights(made.weights)) == head
    assert (project.path / "panels" / "colorization.png").is_file()
    unasked = run_round(project, settings, lane="batch", recipe="supervised", device="cpu")
    assert unasked.init == "scratch", "six steps are no pretext to start from"
    result = run_round(
        project, settings, lane="batch", recipe="supervised", init="colorization", device="cpu"
    )
    assert result.init == "colorization"
    assert any(f"starting from {NAME}" in message for message in result.messages)
    card = json.loads((project.models.folder(result.model_id) / "model.json").read_text())
    assert card["encoder_licence"] is None


def test_the_result_of_a_round_must_be_a_model(project):
    settings = Settings.model_validate({"training": {"recipe": "colorization"}})
    with pytest.raises(ConfigError, match="run skinseg pretrain"):
        run_round(project, settings, device="cpu")
