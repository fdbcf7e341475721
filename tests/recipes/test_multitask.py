"""The recipe multitask: whole rounds, resuming, and what its options change."""

import json

import pytest
import torch
from safetensors.torch import save_file

from trainer.data.loader import Batch
from trainer.engine.device import Engine
from trainer.errors import ConfigError
from trainer.inference.predictor import Predictor
from trainer.labels.classes import CLASS_SETS
from trainer.labels.values import IGNORE
from trainer.networks.architectures import build_segmenter
from trainer.networks.maskrcnn.detector import Detector
from trainer.networks.weights import load_model, read_weights
from trainer.recipes.multitask import MultiTask
from trainer.recipes.registry import find_recipe
from trainer.settings.model import Settings
from trainer.training.resolve_plan import make_plan
from trainer.training.round import run_round
from trainer.training.round_context import StopRound


@pytest.fixture
def settings():
    """Rounds of a few steps on whole photos of 64 pixels."""
    training = {"size": 64, "long_side": 64, "batch": 2, "steps_full": 4, "steps_fast": 2, "threads": 1}
    return Settings.model_validate({"training": training, "service": {"checkpoint_seconds": 1000}})


def with_options(settings, **options):
    return Settings.model_validate({**settings.model_dump(exclude_unset=True), "multitask": options})


def run(project, settings, **more):
    return run_round(project, settings, lane="batch", recipe="multitask", device="cpu", **more)


def test_a_round_from_masks_to_boxes(project, settings):
    result = run(project, settings)
    assert result.served
    curve = project.trainer.curve(result.round_id)
    assert {"loss", "rpn", "cls", "det", "seg"} <= set(curve)
    folder = project.models.folder(result.model_id)
    card = json.loads((folder / "model.json").read_text())
    assert card["network"]["arch"] == "maskrcnn"
    assert card["network"]["options"]["mask_pool"] == 14
    assert card["plan"]["fit"] == "pad"
    model, _ = load_model(folder)
    assert isinstance(model, Detector)
    photo = project.photos.read(project.masks.truth("val")[0].photo_id)
    found = Predictor(folder, "cpu").predict(photo)
    assert found.labels.shape == photo.shape[:2]
    for box in found.boxes:
        assert 0 <= box.top < box.bottom <= photo.shape[0]
        assert 0 <= box.left < box.right <= photo.shape[1]
        assert len(box.probabilities) == 9


def test_a_stopped_round_resumes_to_the_very_same_weights(project, settings):
    def tick(progress):
        if progress.phase == "train" and progress.step == 2:
            raise StopRound("test")

    straight = run(project, settings)
    with pytest.raises(StopRound):
        run(project, settings, tick=tick)
    (interrupted,) = [r for r in project.trainer.rounds() if r.ended is None]
    torch.manual_seed(999)
    resumed = run(project, settings, round_id=interrupted.id)
    one, two = (
        read_weights(project.models.folder(r.model_id) / "weights.safetensors") for r in (straight, resumed)
    )
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_fast_round_goes_on_from_the_served_model(project, settings):
    first = run(project, settings)
    second = run_round(project, settings, lane="fast", recipe="multitask", device="cpu")
    assert project.models.get(second.model_id).parents == (first.model_id,)


def test_given_weights_get_new_statistics_before_the_first_step(project, settings):
    start = build_segmenter("maskrcnn", "tu-resnet10t", 9)
    path = project.path / "given.safetensors"
    save_file(start.state_dict(), path)
    recipe = recipe_of(project.classes, settings, start)
    before = {name: value.clone() for name, value in recipe.served.state_dict().items()}
    image = torch.rand(4, 3, 64, 64) - 0.5
    recipe.prepare(iter([Batch(image, torch.zeros(4, 64, 64, dtype=torch.uint8))] * 50))
    after = recipe.served.state_dict()
    changed = {name.rpartition(".")[2] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"running_mean", "running_var", "num_batches_tracked"}
    result = run(project, settings, init=str(path), steps=1)
    assert any("given.safetensors" in message for message in result.messages)


@pytest.mark.parametrize("tasks", ["segmentation", "classification"])
def test_single_tasks(project, settings, tasks):
    result = run(project, with_options(settings, tasks=tasks), steps=1)
    _, card = load_model(project.models.folder(result.model_id))
    assert card["network"]["options"]["tasks"] == tasks
    left_out = {"segmentation": set(), "classification": {"seg"}}[tasks]
    assert {"rpn", "cls", "det", "seg"} - set(project.trainer.curve(result.round_id)) == left_out


def recipe_of(classes, settings, segmenter=None, **network):
    plan = make_plan(settings, "cpu", "batch", recipe="multitask")
    engine = Engine.start("cpu", threads=1)
    if segmenter is None:
        segmenter = build_segmenter("maskrcnn", "tu-resnet10t", classes.count, width=32, **network)
    return MultiTask(classes, plan, engine, segmenter)


def test_lesion_sets_have_one_region_and_the_background_may_stand_anywhere(settings):
    target = torch.zeros(1, 64, 64, dtype=torch.uint8)
    target[0, 5:20, 5:20] = target[0, 40:60, 40:60] = 1
    (truth,) = recipe_of(CLASS_SETS["lesion"], settings).truth(target)
    assert truth.boxes.tolist() == [[5, 5, 60, 60]]
    (truth,) = recipe_of(CLASS_SETS["lesion"], settings, regions="many").truth(target)
    assert len(truth) == 2
    (truth,) = recipe_of(CLASS_SETS["skin9"], settings).truth(target)
    assert len(truth) == 2


def test_segmentation_alone_takes_all_classes_for_one(settings):
    target = torch.zeros(1, 64, 64, dtype=torch.uint8)
    target[0, 5:20, 5:20], target[0, 40:60, 40:60], target[0, :, 62:] = 3, 7, IGNORE
    recipe = recipe_of(CLASS_SETS["skin9"], with_options(settings, tasks="segmentation"))
    (truth,) = recipe.truth(target)
    assert truth.labels.tolist() == [1, 1]


def test_what_the_options_ask_for(settings):
    plan = make_plan(Settings(), "cpu", "batch", recipe="multitask")
    assert (plan.arch, plan.fit, plan.size) == ("maskrcnn", "pad", 160)
    literal = Settings.model_validate({"multitask": {"literal": True}})
    plan = make_plan(literal, "cuda", "batch", recipe="multitask")
    assert (plan.encoder, plan.size, plan.long_side, plan.fit) == ("resnet50", 1024, 1024, "pad")
    assert plan.network == {"mask_pool": 7, "regions": "auto", "tasks": "all", "norm": "none"}
    by_hand = Settings.model_validate({"multitask": {"literal": True}, "training": {"size": 128}})
    assert make_plan(by_hand, "cuda", "batch", recipe="multitask").size == 128
    recipe = recipe_of(CLASS_SETS["lesion"], with_options(settings, rpn_loss="ce", mask_loss="bce", rho=2.0))
    assert (recipe.losses.objectness, recipe.losses.rho) == ("ce", 2.0)
    assert (recipe.losses.masks, recipe.losses.jittered) == ("bce", 8)
    literal = with_options(settings, literal=True)
    recipe = recipe_of(CLASS_SETS["lesion"], literal)
    assert recipe.crop_plan().strength.brightness == (0.8, 1.5)
    assert recipe.losses.jittered == 0


def test_another_network_is_refused(project, settings):
    training = {**settings.training.model_dump(exclude_unset=True), "arch": "deeplabv3plus"}
    other = Settings.model_validate({"training": training})
    with pytest.raises(ConfigError, match="needs maskrcnn") as error:
        run(project, other)
    assert "\n" not in str(error.value)


def test_it_is_listed():
    assert find_recipe("multitask") is MultiTask


def test_a_step_in_half_precision(settings):
    plan = make_plan(settings, "cpu", "batch", recipe="multitask")
    classes = CLASS_SETS["lesion"]
    network = build_segmenter("maskrcnn", "tu-resnet10t", classes.count, width=32)
    recipe = MultiTask(classes, plan, Engine.start("cpu", precision="bf16-mixed", threads=1), network)
    target = torch.zeros(2, 64, 64, dtype=torch.uint8)
    target[:, 5:30, 5:30] = 1
    curves = recipe.step(Batch(torch.rand(2, 3, 64, 64) - 0.5, target), None, 0)
    assert {"loss", "rpn", "cls", "det", "seg"} <= curves.keys()
    assert all(torch.isfinite(value) and value > 0 for value in curves.values())
