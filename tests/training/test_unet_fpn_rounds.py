"""The recipes unet and fpn: what they ask for, and rounds of a few steps."""

import math
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image
from training_fixtures import SMALLEST, TINY

from trainer.data.augment import Strength
from trainer.data.loader import Batch
from trainer.engine.device import Engine
from trainer.errors import ConfigError
from trainer.labels.classes import CLASS_SETS
from trainer.labels.values import IGNORE
from trainer.networks.architectures import build_segmenter
from trainer.networks.weights import read_card, read_weights
from trainer.recipes.registry import find_recipe
from trainer.settings.model import Settings
from trainer.training.resolve_plan import make_plan
from trainer.training.round import run_round
from trainer.training.round_context import StopRound
from trainer.training.standalone import run_standalone


def settings(training=None, **sections):
    values = {"training": TINY | (training or {}), "service": {"checkpoint_seconds": 1000}, **sections}
    return Settings.model_validate(values)


def plan_of(recipe, training=None, lane="batch", **sections):
    given = Settings.model_validate({"training": training or {}, **sections})
    return make_plan(given, "cpu", lane, recipe=recipe)


def build(recipe, classes="lesion", **sections):
    plan = plan_of(recipe, {"size": 64, "batch": 2, "steps_full": 80}, **sections)
    found = CLASS_SETS[classes]
    segmenter = build_segmenter(plan.arch, plan.encoder, found.count, **plan.network).train()
    return find_recipe(recipe)(found, plan, Engine.start("cpu", threads=1), segmenter)


def test_the_four_arms_of_the_unet():
    for resize, size in (("squash", 256), ("pad", 666)):
        for augment in (True, False):
            plan = plan_of("unet", {"augment": augment}, unet={"literal": True, "resize": resize})
            assert (plan.fit, plan.size, plan.arch, plan.encoder) == (resize, size, "unet", "unet2015")
            strength = Strength.of(plan)
            if augment:
                assert (strength.shift, strength.rotate, strength.zoom) == (0.2, 90, 1.25)
                assert strength.flip
                assert strength.vertical_flip
                assert strength.brightness == strength.contrast == strength.saturation == 0
            else:
                assert (strength.shift, strength.rotate, strength.zoom, strength.flip) == (0, 0, 1, False)


def test_what_a_person_set_counts_more_than_literal():
    plan = plan_of("fpn", {"size": 128, "encoder": "resnet18"}, fpn={"literal": True})
    assert (plan.size, plan.encoder, plan.lr, plan.steps) == (128, "resnet18", 1e-4, 13_000)


@pytest.mark.parametrize("recipe", ["unet", "fpn"])
@pytest.mark.parametrize("classes", ["lesion", "skin9"])
def test_a_step_learns_the_flat_dice(recipe, classes):
    torch.manual_seed(0)
    method = build(recipe, classes)
    target = torch.zeros(2, 64, 64, dtype=torch.uint8)
    target[:, 16:48, 16:48] = 1
    image = target[:, None].repeat(1, 3, 1, 1).float() * 2 - 1
    target[:, :8] = IGNORE
    method.set_rates(10)
    losses = [float(method.step(Batch(image, target), None, 10)["loss"]) for _ in range(12)]
    assert 0 <= losses[-1] < 0.7 * losses[0] <= 1


def test_literal_unet_prints_the_negative_dice_and_keeps_its_rate():
    method = build("unet", unet={"literal": True, "width": 4})
    batch = Batch(torch.zeros(2, 3, 64, 64), torch.ones(2, 64, 64, dtype=torch.uint8))
    assert -1 <= float(method.step(batch, None, 0)["loss"]) < 0
    assert {method.lr_factor(step) for step in (0, 40, 79)} == {1.0}


@pytest.mark.parametrize("value", [0, IGNORE])
@pytest.mark.parametrize("recipe", ["unet", "fpn"])
def test_batches_of_one_class_and_of_none_give_numbers(recipe, value):
    method = build(recipe)
    batch = Batch(torch.rand(2, 3, 64, 64), torch.full((2, 64, 64), value, dtype=torch.uint8))
    for step in range(3):
        assert math.isfinite(float(method.step(batch, None, step)["loss"]))


def test_the_rate_of_the_literal_fpn_drops_at_epoch_25_whatever_the_score():
    method = build("fpn", fpn={"literal": True})
    rates = []
    for step in range(80):  # two steps an epoch
        method.set_rates(step)
        rates.append(method.optimizers["segmenter"].param_groups[0]["lr"])
    assert rates[:50] == [1e-4] * 50
    assert rates[50:] == pytest.approx([1e-5] * 30)


def test_the_rate_of_the_default_fpn_rises_then_drops():
    method = build("fpn")
    factors = [method.lr_factor(step) for step in range(80)]
    assert factors[:8] == pytest.approx([(step + 1) / 8 for step in range(8)])
    assert factors[8:50] == [1.0] * 42
    assert factors[50:] == pytest.approx([0.1] * 30)


def test_a_literal_fpn_refuses_sizes_that_cannot_be_halved():
    plan = plan_of("fpn", {"size": 100}, fpn={"literal": True})
    segmenter = build_segmenter(plan.arch, "resnet18", 2)
    with pytest.raises(ConfigError, match=r"^training.size: 100 is no multiple of 32.* set it to 128$"):
        find_recipe("fpn")(CLASS_SETS["lesion"], plan, Engine.start("cpu", threads=1), segmenter)


def test_an_option_of_another_network_is_one_line(project):
    given = settings({"arch": "fpn"}, unet={"width": 32})
    with pytest.raises(ConfigError, match="does not work in fpn") as error:
        run_round(project, given, recipe="unet", device="cpu")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("resize", ["squash", "pad"])
def test_a_round_of_the_unet_predicts_as_it_learnt(project, resize):
    given = settings({"steps_full": 3, "size": 48}, unet={"resize": resize})
    result = run_round(project, given, recipe="unet", device="cpu")
    card = read_card(project.models.folder(result.model_id))
    assert (card["plan"]["fit"], card["plan"]["size"], card["network"]["arch"]) == (resize, 48, "unet")
    from trainer.inference.predictor import Predictor

    predictor = Predictor(project.models.folder(result.model_id), "cpu")
    assert (predictor.fit, predictor.size) == (resize, 48)
    photo = project.photos.read(project.photos.ids("val")[0])
    assert predictor.predict(photo).labels.shape == photo.shape[:2]
    assert result.val["dice9"] is not None


class TestEpochs:
    GIVEN: ClassVar = {"training": {"steps_full": 8, "augment": False}, "fpn": {"epochs": 4, "drop_at": 2}}

    def test_every_epoch_is_validated_and_the_best_is_served(self, project, tmp_path):
        given = settings(**self.GIVEN)
        trained = run_standalone(project, given, folder=tmp_path / "run", recipe="fpn", device="cpu")
        steps, epochs = zip(*trained.curves["epoch"], strict=True)
        assert steps == (2, 4, 6, 8)
        assert epochs == (1, 2, 3, 4)
        ious = [iou for _, iou in trained.curves["epoch_iou"]]
        assert all(0 <= iou <= 1 for iou in ious)
        assert all(0 <= loss <= 1 for _, loss in trained.curves["epoch_loss"])
        best = 1 + int(np.argmax(ious))
        assert any(f"the weights of epoch {best} of 4 are kept" in line for line in trained.messages)
        with Image.open(project.path / "panels" / "fpn.png") as picture:
            pixels = np.asarray(picture)
        assert pixels.shape[0] == 384
        right = pixels[:, pixels.shape[1] // 2 + 5 :]  # the probability map, gray; left of it the photo
        assert (right[..., 0] == right[..., 1]).all()

    def test_fewer_steps_than_epochs_are_counted_as_they_are(self, project):
        given = settings(**{**self.GIVEN, "fpn": {"epochs": 40}})
        result = run_round(project, given, recipe="fpn", steps=3, device="cpu")
        assert [value for _, value in project.trainer.curve(result.round_id)["epoch"]] == [1, 2, 3]
        assert any(" of 3 are kept" in message for message in result.messages)

    @pytest.mark.parametrize("encoder", [SMALLEST, "tu-tiny_vit_5m_224"])
    def test_resumed_it_ends_with_the_same_weights_of_the_same_epoch(self, project, encoder):
        given = settings(self.GIVEN["training"] | {"encoder": encoder}, fpn=self.GIVEN["fpn"])
        whole = run_round(project, given, recipe="fpn", device="cpu")
        looks = 0

        def tick(progress):
            nonlocal looks
            looks += progress.phase == "validate"
            if looks == 6:  # amid the validation of the second epoch
                raise StopRound

        with pytest.raises(StopRound):
            run_round(project, given, recipe="fpn", device="cpu", round_id="stopped", tick=tick)
        again = run_round(project, given, recipe="fpn", device="cpu", round_id="stopped")
        assert "going on at step 4 of 8" in again.messages
        ends = [
            read_weights(project.models.folder(r.model_id) / "weights.safetensors") for r in (whole, again)
        ]
        assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
        for name in ("epoch_iou", "epoch_loss"):
            curves = [project.trainer.curve(r.round_id)[name] for r in (whole, again)]
            assert curves[0] == curves[1]
        kept = [[said for said in r.messages if "the weights of epoch" in said] for r in (whole, again)]
        assert kept[0] == kept[1] != []

    def test_without_validation_truth_the_last_epoch_is_kept_and_said(
        self, empty_project, tiny_folder, tmp_path
    ):
        from trainer.project.import_export.mask_import import import_masks

        only = tmp_path / "masks"
        only.mkdir()
        for mask in sorted(tiny_folder.masks.iterdir())[:8]:
            (only / mask.name).write_bytes(mask.read_bytes())
        import_masks(empty_project, only)
        run = tmp_path / "run"
        trained = run_standalone(
            empty_project, settings(**self.GIVEN), folder=run, recipe="fpn", device="cpu"
        )
        assert "epoch_iou" not in trained.curves
        assert any("no validation photo is labelled" in line for line in trained.messages)

    def test_a_fast_round_has_no_epochs(self, project):
        result = run_round(project, settings(**self.GIVEN), recipe="fpn", device="cpu", lane="fast")
        assert "epoch_iou" not in project.trainer.curve(result.round_id)
