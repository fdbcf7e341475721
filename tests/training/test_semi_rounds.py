"""Whole trainings of the recipes that learn from unlabelled photos too."""

import json
import logging
from typing import ClassVar

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from trainer.inference.error_map import error_map
from trainer.inference.predictor import Predictor
from trainer.networks.architectures import build_segmenter
from trainer.networks.discriminators import build_discriminator
from trainer.networks.weights import save_model
from trainer.recipes.registry import RECIPES
from trainer.recipes.skinseg import SkinSeg
from trainer.settings.model import Settings
from trainer.training.round import run_round
from trainer.training.round_context import StopRound
from trainer.training.standalone import run_standalone

EARLY = {
    "skinseg": {"free_steps": 1, "semi_start": 0.3, "width": 8, "unlabelled_share": 0.5},
    "adversarial": {"semi_start": 0.3, "width": 8, "stride": 4},
    "consistency": {"warmup": 0.3, "threshold": 0.1, "views": 2},
}


@pytest.fixture
def early(settings):
    """Tiny rounds in which unlabelled photos join after two of six steps."""
    values = {"training": {**settings.training.model_dump(exclude_unset=True), "batch": 2}}
    return Settings.model_validate(values | EARLY | {"service": {"checkpoint_seconds": 1000}})


def stop_at(step):
    def tick(progress):
        if progress.phase == "train" and progress.step == step:
            raise StopRound("test")

    return tick


def states(recipe):
    return {
        f"{name}.{key}": value
        for name, network in recipe.networks.items()
        for key, value in network.state_dict().items()
    }


@pytest.mark.parametrize("name", EARLY)
def test_an_interrupted_training_ends_with_the_very_same_weights(project, early, tmp_path, name):
    options = {"recipe": name, "labels_fraction": 0.5, "device": "cpu"}
    whole = run_standalone(project, early, folder=tmp_path / "whole", **options)
    with pytest.raises(StopRound):
        run_standalone(project, early, folder=tmp_path / "cut", tick=stop_at(4), **options)
    torch.manual_seed(999)
    rest = run_standalone(project, early, folder=tmp_path / "cut", **options)
    one, two = states(whole.recipe), states(rest.recipe)
    assert any(key.startswith(("discriminator.", "teacher.")) for key in one)
    assert [key for key in one if not torch.equal(one[key], two[key])] == []
    weights = rest.network.state_dict()
    assert all(torch.equal(value, weights[key]) for key, value in whole.network.state_dict().items())
    assert whole.curves["semi"][-1][0] == 6
    assert 0 <= whole.curves["semi_share"][-1][1] <= 1


@pytest.mark.parametrize("name", ["skinseg", "consistency"])
def test_without_unlabelled_photos_the_labelled_ones_do(project, early, tmp_path, name):
    done = run_standalone(project, early, folder=tmp_path, recipe=name, device="cpu", steps=3)
    assert "there are no unlabelled photos: training on the labelled ones alone" in done.messages
    assert "semi" not in done.curves
    assert np.isfinite(done.curves["loss"][-1][1])


@pytest.mark.parametrize("name", EARLY)
def test_steps_that_end_before_unlabelled_photos_join_are_told(project, early, tmp_path, name):
    late = {"skinseg": {"free_steps": 2}, "adversarial": {"semi_start": 1.0}, "consistency": {"warmup": 1.0}}
    settings = Settings.model_validate(early.model_dump(exclude_unset=True) | late)
    options = {"recipe": name, "labels_fraction": 0.5, "device": "cpu", "steps": 2}
    done = run_standalone(project, settings, folder=tmp_path, **options)
    (message,) = [m for m in done.messages if m.startswith("unlabelled photos would join")]
    assert message == (
        "unlabelled photos would join after the last of 2 steps; give it more (--steps): "
        "training on the labelled ones alone"
    )
    assert "semi" not in done.curves


def test_unlabelled_photos_without_weight_are_told(project, early, tmp_path):
    values = early.model_dump(exclude_unset=True)
    settings = Settings.model_validate(values | {"consistency": {"weight": 0.0}})
    options = {"recipe": "consistency", "labels_fraction": 0.5, "device": "cpu", "steps": 1}
    done = run_standalone(project, settings, folder=tmp_path, **options)
    assert any(m.startswith("unlabelled photos have no weight in these settings") for m in done.messages)


class DiscriminatorGivesOut(SkinSeg):
    """The default, whose discriminator turns to NaN at step 3, once."""

    name: ClassVar[str] = "skinseg"

    def step(self, batch, unlabelled, step):
        values = super().step(batch, unlabelled, step)
        if step == 3 and not self.rolled_back:
            with torch.no_grad():
                next(self.term.network.parameters()).fill_(float("nan"))
        return values


def test_a_discriminator_that_is_no_number_any_more_rolls_the_round_back(
    project, early, tmp_path, monkeypatch
):
    monkeypatch.setitem(RECIPES, "skinseg", DiscriminatorGivesOut)
    monkeypatch.setattr("trainer.training.loop.PLOT_SECONDS", 0.0)
    options = {"recipe": "skinseg", "labels_fraction": 0.5, "device": "cpu"}
    done = run_standalone(project, early, folder=tmp_path, **options)
    assert "the loss was not a number at step 4: back to step 0 with half the learning rate" in done.messages
    assert all(bool(torch.isfinite(p).all()) for p in done.recipe.networks["discriminator"].parameters())
    assert [step for step, _ in done.curves["loss"]][-3:] == [4, 5, 6]
    assert done.curves["adv"][-1][0] == 2  # only before; after it the labels alone count


def test_a_round_keeps_its_discriminator_and_the_next_goes_on_with_it(project, early, monkeypatch):
    first = run_round(project, early, lane="batch", recipe="skinseg", device="cpu", labels_fraction=0.5)
    folder = project.models.folder(first.model_id)
    card = json.loads((folder / "model.json").read_text())
    about = {"kind": "fcn", "channels": 12, "width": 8, "norm": "group", "stride": 4}
    assert card["companions"] == {"discriminator": about}
    kept = Predictor(folder, "cpu").discriminator.state_dict()
    begun = {}

    class Watched(SkinSeg):
        def step(self, batch, unlabelled, step):
            begun.setdefault("state", {k: v.clone() for k, v in self.term.network.state_dict().items()})
            return super().step(batch, unlabelled, step)

    monkeypatch.setitem(RECIPES, "skinseg", Watched)
    run_round(project, early, lane="fast", recipe="skinseg", device="cpu", steps=1)
    assert kept.keys() == begun["state"].keys()
    assert all(torch.equal(kept[key], value) for key, value in begun["state"].items())


@pytest.fixture
def model(tmp_path):
    """A model folder with a discriminator, as a round leaves it."""
    torch.manual_seed(0)
    network = build_segmenter(encoder="tu-resnet10t", classes=3).eval()
    discriminator = build_discriminator("fcn", 6, width=8, stride=4).eval()
    with torch.no_grad():
        discriminator.answer.weight.mul_(20)
    companions = {"discriminator": discriminator.describe()}
    card = {"network": network.describe(), "companions": companions, "plan": {"long_side": 96}}
    save_model(tmp_path / "model", network.state_dict(), card)
    save_file(discriminator.state_dict(), str(tmp_path / "model" / "discriminator.safetensors"))
    return tmp_path / "model"


def photo(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_prediction_says_where_the_discriminator_finds_it_wrong(model):
    predictor = Predictor(model, "cpu")
    picture = photo(96, 64)
    result = predictor.predict(picture)
    assert result.error.shape == (96, 64)
    assert result.error.dtype == np.uint8
    image = torch.from_numpy(picture).movedim(-1, 0)[None].float() / 127.5 - 1
    with torch.inference_mode():
        p = predictor.model(image).softmax(1)
        logits = predictor.discriminator(predictor.discriminator.coarse(torch.cat([image, p], 1)))
        wanted = 1 - torch.nn.functional.interpolate(logits, size=(96, 64), mode="bilinear").sigmoid()
    assert np.abs(result.error - 255 * wanted[0, 0].numpy()).max() <= 1
    assert result.error.std() > 2


@pytest.mark.parametrize("size", [(300, 211), (33, 40), (800, 400)])
def test_the_map_of_errors_comes_at_the_photos_size_and_changes_nothing_else(model, size):
    picture = photo(*size)
    plan = json.loads((model / "model.json").read_text())
    plan["plan"]["long_side"] = 96 if size[0] == 300 else None
    (model / "model.json").write_text(json.dumps(plan))
    result = Predictor(model, "cpu").predict(picture)
    assert result.error.shape == size
    (model / "discriminator.safetensors").write_bytes(b"damaged")
    without = Predictor(model, "cpu").predict(picture)
    assert without.error is None
    assert np.array_equal(result.labels, without.labels)
    assert np.array_equal(result.confidence, without.confidence)


def test_a_damaged_discriminator_is_named_and_the_model_goes_on(model, caplog):
    (model / "discriminator.safetensors").write_bytes(b"damaged")
    with caplog.at_level(logging.WARNING):
        assert Predictor(model, "cpu").discriminator is None
    assert "no map of likely errors" in caplog.text
    assert "discriminator.safetensors" in caplog.text


def test_a_patch_map_is_scaled_up_and_tiny_photos_are_filled():
    patch = build_discriminator("patch70", 5, width=4, norm="group", stride=4).eval()
    with torch.inference_mode():
        errors = error_map(patch, torch.zeros(1, 3, 40, 50), torch.zeros(1, 2, 40, 50))
    assert errors.shape == (1, 1, 40, 50)
    assert 0 < errors.min() <= errors.max() < 1
