"""Whole rounds on a real project."""

import json
import shutil
import signal
import subprocess
import sys
from typing import ClassVar

import numpy as np
import pytest
import torch

from trainer.errors import ConfigError, SkinsegError
from trainer.evaluation.evaluate import evaluate
from trainer.inference.predictor import Predictor
from trainer.networks.weights import read_weights
from trainer.recipes.registry import RECIPES, find_recipe
from trainer.recipes.supervised import Supervised
from trainer.service.prediction_worker import PredictionWorker
from trainer.settings.model import Settings
from trainer.training.checkpoints import has_checkpoint, load_checkpoint
from trainer.training.round import run_round
from trainer.training.round_context import StopRound


def stop_at(step, phase="train"):
    def tick(progress):
        if progress.phase == phase and progress.step == step:
            raise StopRound("test")

    return tick


def with_training(settings, **changes):
    training = {**settings.training.model_dump(), **changes}
    return Settings.model_validate({**settings.model_dump(), "training": training})


def weights_of(project, model_id):
    return read_weights(project.models.folder(model_id) / "weights.safetensors")


def test_a_round_from_labels_to_a_served_model(project, settings):
    seen = []
    ordinary = with_training(settings, encoder="auto")
    result = run_round(project, ordinary, lane="batch", device="cpu", tick=seen.append)
    assert result.served
    assert project.models.served().id == result.model_id
    assert "4 labelled validation photos" in result.why
    assert result.provisional
    assert set(result.val) == {"dice9", "dice8", "dice2", "per_class"}
    assert {p.phase for p in seen} == {"prepare", "train", "validate"}
    assert [p.step for p in seen if p.phase == "train"] == list(range(6))
    assert len([p for p in seen if p.phase == "validate"]) == 4
    assert project.models.untrained_labels(result.model_id) == 0
    curve = project.trainer.curve(result.round_id)
    assert curve["loss"]
    assert curve["val_dice9"] == [(6, pytest.approx(result.val["dice9"]))]
    (round_,) = project.trainer.rounds()
    assert (round_.state, round_.model_id) == ("done", result.model_id)
    assert not (project.path / "rounds" / result.round_id).exists()
    card = json.loads((project.models.folder(result.model_id) / "model.json").read_text())
    assert card["network"]["encoder"] == "tu-resnet10t"
    assert card["trained_photos"] == 8
    assert set(result.to_json()) == {
        "model", "recipe", "init", "steps", "seconds", "photos_per_second", "served", "why", "val",
        "messages",
    }  # fmt: skip


def test_the_model_learns_and_is_measured_the_same_way_by_evaluate(project, settings):
    longer = with_training(settings, lr=3e-3, vertical_flip=True)
    result = run_round(project, longer, lane="batch", steps=40, device="cpu")
    assert result.val["dice2"] > 0.7
    predictor = Predictor(project.models.folder(result.model_id), "cpu")
    evaluation = evaluate(project, predictor, "val")
    assert evaluation.model == result.model_id
    assert evaluation.photos == 4
    assert evaluation.dice2 == pytest.approx(result.val["dice2"], abs=0.05)


def test_a_stopped_round_resumes_to_the_very_same_weights(project, settings):
    straight = run_round(project, settings, lane="batch", device="cpu")
    with pytest.raises(StopRound):
        run_round(project, settings, lane="batch", device="cpu", tick=stop_at(3))
    (interrupted,) = [r for r in project.trainer.rounds() if r.ended is None]
    assert load_checkpoint(project.path / "rounds" / interrupted.id)["step"] == 3
    torch.manual_seed(999)
    resumed = run_round(project, settings, lane="batch", device="cpu", round_id=interrupted.id)
    assert resumed.round_id == interrupted.id
    assert any("going on at step 3 of 6" in message for message in resumed.messages)
    one, two = weights_of(project, straight.model_id), weights_of(project, resumed.model_id)
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


KILLED = """
import os, signal, sys
from trainer.project.project import Project
from trainer.training.round import run_round
from trainer.settings.model import Settings

def tick(progress):
    if progress.phase == "train" and progress.step == 4:
        os.kill(os.getpid(), signal.SIGKILL)

settings = Settings.model_validate_json(sys.argv[2])
with Project.open(sys.argv[1]) as project:
    run_round(project, settings, lane="batch", device="cpu", tick=tick)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_round_resumes_to_the_very_same_weights(project, settings):
    often = Settings.model_validate({**settings.model_dump(), "service": {"checkpoint_seconds": 1e-3}})
    straight = run_round(project, settings, lane="batch", device="cpu")
    arguments = [str(project.path), often.model_dump_json()]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert done.returncode == -signal.SIGKILL
    (interrupted,) = [r for r in project.trainer.rounds() if r.ended is None]
    resumed = run_round(project, settings, device="cpu", round_id=interrupted.id)
    assert "going on at step 4 of 6" in resumed.messages
    one, two = weights_of(project, straight.model_id), weights_of(project, resumed.model_id)
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_round_stopped_while_validating_only_validates_again(project, settings):
    with pytest.raises(StopRound):
        run_round(project, settings, lane="batch", device="cpu", tick=stop_at(2, "validate"))
    assert project.models.all() == []
    (interrupted,) = project.trainer.rounds()
    seen = []
    run_round(project, settings, device="cpu", round_id=interrupted.id, tick=seen.append)
    assert "train" not in {p.phase for p in seen}


ASKED = {"recipe": "unet", "steps": 3, "init": "scratch", "labels_fraction": 0.5}


def test_a_round_stopped_before_its_first_checkpoint_goes_on_as_it_began(project, settings):
    asked = with_training(settings, lr=1e-4, seed=7)
    straight = run_round(project, asked, lane="batch", device="cpu", **ASKED)
    with pytest.raises(StopRound):
        run_round(project, asked, lane="batch", device="cpu", tick=stop_at(0, "prepare"), **ASKED)
    (interrupted,) = [r for r in project.trainer.rounds() if r.ended is None]
    assert not has_checkpoint(project.path / "rounds" / interrupted.id)
    resumed = run_round(project, settings, device="cpu", round_id=interrupted.id)
    assert (resumed.recipe, resumed.steps, resumed.lane) == ("unet", 3, "batch")
    assert "going on from the start as it began: unet, 3 steps" in resumed.messages
    assert "learning from 4 labelled photos" in resumed.messages
    one, two = weights_of(project, straight.model_id), weights_of(project, resumed.model_id)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not (project.path / "rounds" / interrupted.id).exists()


def test_a_round_of_which_nothing_was_kept_starts_again_under_its_id_and_says_so(project, settings):
    project.trainer.start_round("early", "full", "supervised")
    result = run_round(project, settings, lane="full", device="cpu", round_id="early")
    assert result.round_id == "early"
    assert result.steps == 6
    assert any("nothing was kept" in message for message in result.messages)


def test_new_masks_during_a_round_do_not_change_it(project, settings):
    with pytest.raises(StopRound):
        run_round(project, settings, lane="batch", device="cpu", tick=stop_at(2))
    (interrupted,) = project.trainer.rounds()
    truth = project.masks.truth("train")[0]
    labels, provenance = project.masks.read(project.masks.head(truth.photo_id))
    project.masks.save(truth.photo_id, labels, provenance, "ann", truth.revision_id)
    result = run_round(project, settings, device="cpu", round_id=interrupted.id)
    assert project.models.untrained_labels(result.model_id) == 1


def test_a_fast_round_goes_on_from_the_served_model(project, settings):
    first = run_round(project, settings, lane="full", device="cpu")
    fast = run_round(project, settings, lane="fast", init="scratch", device="cpu")
    assert fast.steps == 4
    assert project.models.get(fast.model_id).parents == (first.model_id,)
    card = json.loads((project.models.folder(fast.model_id) / "model.json").read_text())
    assert card["plan"]["lr"] == pytest.approx(0.3 * 3e-3)
    assert card["steps_learnt"] == 10
    name = "network.segmentation_head.0.weight"
    before, after = weights_of(project, first.model_id)[name], weights_of(project, fast.model_id)[name]
    assert 0 < (after - before).abs().max() < 0.1


def test_a_young_model_goes_on_at_the_full_rate(project, settings):
    young = with_training(settings, steps_full=50)
    run_round(project, young, lane="fast", device="cpu")
    second = run_round(project, young, lane="fast", device="cpu")
    card = json.loads((project.models.folder(second.model_id) / "model.json").read_text())
    assert card["plan"]["lr"] == pytest.approx(3e-3)
    assert card["steps_learnt"] == 8


def test_a_fast_round_with_another_encoder_starts_anew(project, settings):
    run_round(project, settings, lane="full", device="cpu")
    other = with_training(settings, encoder="tu-resnet10t")
    result = run_round(project, other, lane="fast", device="cpu")
    assert project.models.get(result.model_id).parents == ()


def test_no_labels_is_one_line(empty_project, settings):
    with pytest.raises(SkinsegError, match="has no labels yet"):
        run_round(empty_project, settings, device="cpu")
    assert empty_project.trainer.rounds() == []


def test_photos_that_cannot_be_read_are_named_in_each_round(project, settings, tiny_folder, tmp_path):
    shutil.copytree(tiny_folder.photos, tmp_path / "photos")
    project.registration.remap_root(tiny_folder.photos, tmp_path / "photos")
    (tmp_path / "photos" / "tiny_02.jpg").write_bytes(b"")
    for _ in range(2):  # the first round finds it broken, the second one knows
        result = run_round(project, settings, lane="batch", device="cpu")
        (message,) = [m for m in result.to_json()["messages"] if "left out of training" in m]
        assert "tiny_02.jpg" in message
    assert project.photos.get(project.photos.find("tiny_02").id).state == "broken"


def test_no_validation_photos_serves_for_now(project, settings):
    for truth in project.masks.truth("val"):
        project.masks.revert(truth.photo_id, None, "ann")
    result = run_round(project, settings, lane="batch", device="cpu")
    assert result.served
    assert result.provisional
    assert "no labelled validation photo" in result.why
    assert result.val["dice9"] is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"recipe": "superwised"}, "did you mean 'supervised'"),
        ({"encoder": "resnet19"}, "did you mean 'resnet1"),
        ({"init": "imagenet"}, "choose --init colorization or scratch"),
        ({"init": "/nowhere/model"}, "neither auto"),
    ],
)
def test_settings_that_do_not_work_get_one_line(project, settings, changes, words):
    settings = with_training(settings, **changes)
    with pytest.raises(ConfigError, match=words) as error:
        run_round(project, settings, lane="batch", device="cpu")
    assert "\n" not in str(error.value)
    assert all(r.state == "failed" for r in project.trainer.rounds())


def test_init_from_a_model_folder(project, settings):
    first = run_round(project, settings, lane="batch", device="cpu")
    path = str(project.models.folder(first.model_id))
    second = run_round(project, settings, lane="batch", init=path, steps=1, device="cpu")
    assert any("fit" in message for message in second.messages)


def test_half_the_labels(project, settings):
    result = run_round(project, settings, lane="batch", labels_fraction=0.5, device="cpu")
    assert project.models.untrained_labels(result.model_id) == 4
    assert "learning from 4 labelled photos" in result.messages


@pytest.mark.parametrize("kept", ["background", "skin"])
def test_labels_of_one_class_are_told(project, settings, kept):
    for truth in project.masks.truth("train"):
        labels, provenance = project.masks.read(project.masks.head(truth.photo_id))
        one = np.ones_like(labels) if kept == "background" else np.where(labels > 1, 4, 0).astype(np.uint8)
        project.masks.save(truth.photo_id, one, provenance, "ann", truth.revision_id)
    result = run_round(project, settings, lane="batch", device="cpu", steps=1)
    (message,) = [m for m in result.messages if "all labels are of one class" in m]
    names = project.classes.names
    what = f"({names[0]})" if kept == "background" else f"({names[3]})"
    assert what in message
    assert message.endswith("label some skin" if kept == "background" else f"label some {names[0]}")


def test_a_round_says_what_it_started_from(project, settings):
    settings = with_training(settings, recipe="supervised")
    said = run_round(project, settings, lane="batch", device="cpu", steps=1).messages
    assert said == ("starting from random weights",)
    run_round(project, settings, lane="batch", recipe="colorization", device="cpu", steps=2)
    said = run_round(project, settings, lane="batch", device="cpu", steps=1).messages
    assert said == (
        "auto passed over colorization-tu-test_resnet.safetensors (made in 2 steps, and auto asks for "
        "5,000): to start from it, --init colorization",
        "starting from random weights",
    )
    taken = run_round(project, settings, lane="batch", init="colorization", device="cpu", steps=1)
    assert any("starting from colorization-tu-test_resnet" in message for message in taken.messages)
    card = project.path / "pretrained" / "colorization-tu-test_resnet.json"
    card.write_text(card.read_text().replace('"steps": 2', '"steps": 5000'))
    enough = run_round(project, settings, lane="batch", device="cpu", steps=1)
    assert (enough.init, "passed over" in str(enough.messages)) == ("colorization", False)
    fast = run_round(project, settings, lane="fast", device="cpu", steps=1)
    (parent,) = project.models.get(fast.model_id).parents
    assert fast.messages[0] == f"starting from model {parent}"


class ForgetsMemory(Supervised):
    """A recipe on a device with room for two crops."""

    name: ClassVar[str] = "forgets"

    def step(self, batch, unlabelled, step):
        if len(batch.image) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return super().step(batch, unlabelled, step)


class LosesItself(Supervised):
    """A recipe whose weights turn to NaN at step 3, as long as the learning rate is high."""

    name: ClassVar[str] = "loses"

    def step(self, batch, unlabelled, step):
        values = super().step(batch, unlabelled, step)
        rate = self.optimizers["segmenter"].param_groups[0]["lr"]
        if step == 3 and rate > 0.6 * self.plan.lr * self.lr_factor(step):
            with torch.no_grad():
                next(self.served.parameters()).fill_(float("nan"))
            values["loss"] = values["loss"] * float("nan")
        return values


class NeverFinite(Supervised):
    """A recipe whose loss is never a number."""

    name: ClassVar[str] = "never"

    def step(self, batch, unlabelled, step):
        return {name: value * float("nan") for name, value in super().step(batch, unlabelled, step).items()}


class WantsUnlabelled(Supervised):
    """A recipe that looks at unlabelled photos too, with a second network and optimizer."""

    name: ClassVar[str] = "wants"
    wants_unlabelled: ClassVar[bool] = True
    seen: ClassVar[list] = []

    def build(self, segmenter):
        super().build(segmenter)
        critic = torch.nn.Conv2d(3, 1, 3)
        optimizer = torch.optim.Adam(critic.parameters(), lr=1e-4)
        self.networks["critic"], (self.optimizers["critic"],) = self.engine.setup(critic, optimizer)

    def step(self, batch, unlabelled, step):
        self.seen.append(None if unlabelled is None else tuple(unlabelled.image.shape))
        if unlabelled is not None:
            loss = self.networks["critic"](unlabelled.image).square().mean()
            self.engine.update(loss, self.networks["critic"], self.optimizers["critic"])
        return super().step(batch, unlabelled, step)


@pytest.fixture(params=[ForgetsMemory, LosesItself, WantsUnlabelled])
def odd_recipe(request, monkeypatch):
    monkeypatch.setitem(RECIPES, request.param.name, request.param)
    return request.param


@pytest.mark.parametrize("odd_recipe", [ForgetsMemory], indirect=True)
def test_out_of_memory_halves_the_batch_and_says_so(project, settings, odd_recipe):
    result = run_round(project, settings, lane="batch", recipe="forgets", device="cpu")
    assert "out of memory: going on with batches of 2" in result.messages
    notes = [e.data["message"] for e in project.events.latest(kind="round note")]
    assert "out of memory: going on with batches of 2" in notes


@pytest.mark.parametrize("odd_recipe", [LosesItself], indirect=True)
def test_a_loss_that_is_not_a_number_rolls_back_and_halves_the_rate(project, settings, odd_recipe):
    result = run_round(project, settings, lane="batch", recipe="loses", device="cpu")
    assert any("half the learning rate" in message for message in result.messages)
    assert result.steps == 6
    weights = weights_of(project, result.model_id)
    assert all(torch.isfinite(w).all() for w in weights.values() if w.is_floating_point())


@pytest.mark.parametrize("labels", [True, False])
def test_a_loss_that_is_never_a_number_says_what_was_tried(project, settings, monkeypatch, labels):
    monkeypatch.setitem(RECIPES, "never", NeverFinite)
    monkeypatch.setattr(NeverFinite, "needs_labels", labels)
    with pytest.raises(SkinsegError, match=r"not a number 5 times.* halved .*lower than 0.003") as error:
        run_round(project, settings, lane="batch", recipe="never", device="cpu", steps=1)
    assert ("masks" in str(error.value)) == labels


@pytest.mark.parametrize("odd_recipe", [WantsUnlabelled], indirect=True)
def test_unlabelled_photos_stream_beside_the_labelled_ones(project, settings, odd_recipe):
    odd_recipe.seen.clear()
    result = run_round(project, settings, lane="batch", recipe="wants", device="cpu")
    assert set(odd_recipe.seen) == {None}
    assert any("no unlabelled photos" in message for message in result.messages)
    truths = project.masks.truth("train")
    for truth in truths[:3]:
        project.masks.revert(truth.photo_id, None, "ann")
    odd_recipe.seen.clear()
    with pytest.raises(StopRound):
        run_round(project, settings, lane="batch", recipe="wants", device="cpu", tick=stop_at(2))
    assert odd_recipe.seen == [(4, 3, 64, 64)] * 2
    open_round = next(r for r in project.trainer.rounds() if r.ended is None)
    state = load_checkpoint(project.path / "rounds" / open_round.id)
    assert set(state["networks"]) == set(state["optimizers"]) == {"segmenter", "critic"}


def test_recipes():
    assert set(RECIPES) >= {"supervised", "skinseg"}
    assert issubclass(find_recipe("skinseg"), Supervised)


def test_evaluate_against_a_folder_of_masks(project, settings, tiny_folder):
    result = run_round(project, settings, lane="batch", steps=2, device="cpu")
    predictor = Predictor(project.models.folder(result.model_id), "cpu")
    own = evaluate(project, predictor, "val")
    theirs = evaluate(project, predictor, "val", masks=tiny_folder.masks)
    assert theirs.dice9 == own.dice9
    assert np.array_equal(np.sort(theirs.photo_ids), np.sort(own.photo_ids))
    with pytest.raises(SkinsegError, match="nothing to compare with"):
        evaluate(project, predictor, "test")


def damage(project, truth):
    next(path for path in (truth.path / "labels" / "c").rglob("*") if path.is_file()).write_bytes(b"x")


def test_a_damaged_validation_mask_is_left_out_and_training_goes_on(project, settings):
    damage(project, project.masks.truth("val")[0])
    result = run_round(project, settings, lane="batch", steps=2, device="cpu")
    assert result.served
    assert "3 labelled validation photos" in result.why
    assert any("left out of validation" in line and "damaged" in line for line in result.messages)


def test_a_served_model_stays_while_most_validation_photos_cannot_be_read(project, settings):
    first = run_round(project, settings, lane="batch", steps=2, device="cpu")
    for truth in project.masks.truth("val")[:3]:
        damage(project, truth)
    result = run_round(project, settings, lane="batch", steps=2, device="cpu")
    assert not result.served
    assert "only 1 of 4 labelled validation photos can be read" in result.why
    assert project.models.served().id == first.model_id


def test_a_served_model_that_cannot_be_loaded_is_named(project, settings):
    made = run_round(project, settings, lane="batch", steps=2, device="cpu").model_id
    weights = project.models.folder(made) / "weights.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:1000])
    project.queue.request_prediction(project.sessions.start("ann").id, project.photos.ids()[:1])
    worker = PredictionWorker(project, "cpu")
    assert worker.serve_one() is None
    assert f"model {made} cannot be loaded" in worker.trouble
    assert "serve another one, or train" in worker.trouble
    weights.write_bytes(whole)
    worker = PredictionWorker(project, "cpu")
    assert worker.serve_one() is not None
    assert worker.trouble == ""
