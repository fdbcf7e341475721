"""Starting weights: which are taken, under which licence, and what is done to them before they are tuned."""

import json
import time

import pytest
import torch
from safetensors.torch import load_file, save_file

from trainer.engine.batch_norm import reestimate_batch_norm
from trainer.errors import ConfigError
from trainer.networks.architectures import build_segmenter
from trainer.networks.pretext_weights import save_pretrained
from trainer.networks.pretrained import choose_init, encoder_licence, initialise
from trainer.settings.model import Settings
from trainer.training.resolve_plan import make_plan

ENCODER = "tu-resnet10t"


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(1)
    return build_segmenter(encoder=ENCODER, classes=4)


def encoder_file(model, folder, name=ENCODER, **metadata):
    prefix = "network.encoder.model."
    state = {k.removeprefix(prefix): v for k, v in model.state_dict().items() if k.startswith(prefix)}
    path = folder / f"{name}.safetensors"
    save_file(state, str(path), metadata=metadata)
    return path


def test_auto_prefers_imagenet_then_colorization_then_nothing(model, tmp_path):
    assert choose_init("auto", ENCODER, tmp_path) == "scratch"
    assert choose_init("auto", ENCODER, None) == "scratch"
    card = encoder_file(model, tmp_path, f"colorization-{ENCODER}").with_suffix(".json")
    card.write_text(json.dumps({"plan": {"steps": 5000}}))
    assert choose_init("auto", ENCODER, tmp_path) == "colorization"
    encoder_file(model, tmp_path)
    assert choose_init("auto", ENCODER, tmp_path) == "imagenet"
    assert choose_init("auto", "resnet18", tmp_path) == "scratch"
    assert choose_init("scratch", ENCODER, tmp_path) == "scratch"


def test_weights_that_are_there_are_kept_beside_the_new_ones(model, tmp_path):
    name, told = f"colorization-{ENCODER}", []
    for steps in (7000, 5, 5):
        weights = {"bias": torch.full((2,), float(steps))}
        path = save_pretrained(
            tmp_path, name, weights, {"plan": {"steps": steps}, "created": 0.0}, told.append
        )
    assert float(load_file(path)["bias"][0]) == 5
    (older,) = tmp_path.glob(f"{name}.7000-*.safetensors")
    assert float(load_file(older)["bias"][0]) == 7000
    assert json.loads(older.with_suffix(".json").read_text())["plan"]["steps"] == 7000
    assert len(list(tmp_path.glob("*.safetensors"))) == len(list(tmp_path.glob("*.json"))) == 3
    assert len(told) == 2
    assert time.strftime("%Y%m%d-%H%M%S", time.localtime(0)) in older.name
    assert f"--init {older}" in told[0]
    assert choose_init("auto", ENCODER, tmp_path) == "scratch"


@pytest.mark.parametrize("card", ['{"plan": {"steps": 400}}', "{}", "not JSON", None])
def test_auto_leaves_weights_of_a_short_pretext_alone(model, tmp_path, card):
    path = encoder_file(model, tmp_path, f"colorization-{ENCODER}")
    if card is not None:
        path.with_suffix(".json").write_text(card)
    assert choose_init("auto", ENCODER, tmp_path) == "scratch"


@pytest.mark.parametrize(
    ("init", "share"), [("imagenet", 0.2), ("some/model", 0.2), ("colorization", 1.0), ("scratch", 1.0)]
)
def test_weights_from_elsewhere_are_held_back_and_colorization_is_not(init, share):
    assert make_plan(Settings(), "cpu", "full", init=init).encoder_lr == share
    by_hand = Settings.model_validate({"training": {"encoder_lr": 0.5}})
    assert make_plan(by_hand, "cpu", "full", init=init).encoder_lr == 0.5


@pytest.mark.parametrize("init", ["imagenet", "colorization", "path"])
def test_weights_of_another_encoder_get_one_line(model, init, tmp_path):
    other = build_segmenter(encoder="resnet18", classes=4)
    name = {"imagenet": ENCODER, "colorization": f"colorization-{ENCODER}", "path": "other"}[init]
    path = tmp_path / f"{name}.safetensors"
    save_file({k: v.contiguous() for k, v in other.state_dict().items()}, str(path))
    with pytest.raises(ConfigError, match=rf"is of another network than {ENCODER}: \d+ of") as error:
        initialise(model, str(path) if init == "path" else init, tmp_path)
    assert "\n" not in str(error.value)


def test_a_licence_against_commercial_use_has_to_be_allowed(model, tmp_path):
    path = encoder_file(model, tmp_path, license="CC-BY-NC-4.0")
    with pytest.raises(ConfigError, match=r"CC-BY-NC-4\.0, forbids.*training\.allow_licence=CC-BY-NC-4\.0"):
        initialise(model, "imagenet", tmp_path)
    with pytest.raises(ConfigError, match="forbids commercial use"):
        initialise(model, str(path), tmp_path, "cc-by-nc-sa-4.0")
    assert "tensors fit" in initialise(model, "imagenet", tmp_path, "cc-by-nc-4.0")


def test_licence_of_the_file_of_its_card_or_of_what_is_usually_published(model, tmp_path):
    assert encoder_licence("scratch", ENCODER, tmp_path) is None
    encoder_file(model, tmp_path)
    assert encoder_licence("imagenet", ENCODER, tmp_path) == "apache-2.0"
    encoder_file(model, tmp_path, licence="mit")
    assert encoder_licence("imagenet", ENCODER, tmp_path) == "mit"
    folder = tmp_path / "0007"
    folder.mkdir()
    encoder_file(model, folder, "weights")
    assert encoder_licence(str(folder), ENCODER, tmp_path) is None
    (folder / "model.json").write_text(json.dumps({"encoder_licence": "cc-by-nc-4.0"}))
    assert encoder_licence(str(folder), ENCODER, tmp_path) == "cc-by-nc-4.0"


def test_the_input_is_scaled_as_the_encoder_s_weights_expect():
    white = torch.ones(1, 3, 32, 32)
    for encoder, value in ((ENCODER, (1 - 0.485) / 0.229), ("tu-tf_efficientnet_lite0", 1.0)):
        segmenter = build_segmenter(encoder=encoder, classes=2)
        scaled = (white - segmenter.mean) / segmenter.std
        assert scaled[0, 0, 0, 0].item() == pytest.approx(value, rel=1e-5)


def test_new_batch_norm_statistics_are_the_plain_average_and_nothing_else_changes(model):
    torch.manual_seed(2)
    batches = [torch.randn(2, 3, 64, 64) * 0.3 + step for step in range(3)]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first = next(m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d))
    seen = []
    handle = first.register_forward_pre_hook(lambda layer, args: seen.append(args[0].mean((0, 2, 3))))
    model.train()
    reestimate_batch_norm(model, iter(batches), 3)
    handle.remove()
    assert torch.allclose(first.running_mean, torch.stack(seen).mean(0), atol=1e-5)
    changed = {k for k, v in model.state_dict().items() if not torch.equal(v, before[k])}
    assert changed
    assert {name.rsplit(".", 1)[1] for name in changed} <= {
        "running_mean",
        "running_var",
        "num_batches_tracked",
    }
    assert all(module.training for module in model.modules())
    assert {m.momentum for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)} == {0.1}
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    reestimate_batch_norm(model, iter(batches), 0)
    assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())
