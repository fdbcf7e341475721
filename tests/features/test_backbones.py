"""Frozen backbones: which is taken, and that their features depend on weights alone."""

import json

import pytest
import torch
from safetensors.torch import save_file

from trainer.errors import ConfigError
from trainer.features.backbones import ORDER, choose_backbone
from trainer.networks.architectures import build_segmenter
from trainer.networks.backbone import HandmadeBackbone, build_backbone
from trainer.networks.probe import gather, join, to_size


@pytest.fixture(autouse=True)
def no_weights(monkeypatch, tmp_path):
    """A user without weights."""
    monkeypatch.setenv("SKINSEG_WEIGHTS", str(tmp_path / "nothing"))


@pytest.fixture(params=["handmade", "tu-resnet10t", "tu-tiny_vit_5m_224"])
def segmenter(request):
    torch.manual_seed(0)
    return build_segmenter("probe", request.param, 4, heads=2, width=8, output_stride=16).eval()


def pretend(path):
    path.parent.mkdir(exist_ok=True)
    save_file({"nothing": torch.zeros(1)}, str(path))
    return path


def test_auto_takes_published_weights_in_order_then_colours_then_none(tmp_path):
    pretrained = tmp_path / "pretrained"
    assert choose_backbone("auto", None).name == "handmade"
    assert choose_backbone("auto", pretrained).name == "handmade"
    short = pretend(pretrained / "colorization-tu-resnet10t.safetensors")
    short.with_suffix(".json").write_text(json.dumps({"plan": {"steps": 10}}))
    assert choose_backbone("auto", pretrained).name == "handmade"
    assert choose_backbone("colorization", pretrained).encoder == "tu-resnet10t"
    short.with_suffix(".json").write_text(json.dumps({"plan": {"steps": 5000}}))
    assert choose_backbone("auto", pretrained).name == "colorization"
    for choice in reversed(ORDER):
        pretend(pretrained / f"{choice.name}.safetensors")
        assert choose_backbone("auto", pretrained) == choice


@pytest.mark.parametrize(
    "name", ["mobilesam", "mobilenetv2", "efficientnet-lite0", "colorization", "network"]
)
def test_a_backbone_asked_for_by_name_without_its_weights_says_how_to_get_them(name, tmp_path):
    mend = {"colorization": "skinseg pretrain", "network": "skinseg retrain"}.get(name, f"weights get {name}")
    with pytest.raises(ConfigError, match=mend):
        choose_backbone(name, tmp_path)


@pytest.mark.parametrize("size", [(64, 96), (33, 47), (1, 40), (40, 1)])
def test_photos_of_any_size_get_finite_answers_of_their_size(segmenter, size):
    with torch.inference_mode():
        answer = segmenter(torch.rand(2, 3, *size) * 2 - 1)
    assert answer.shape == (2, 4, *size)
    assert torch.allclose(answer.exp().sum(dim=1), torch.ones(2, *size), atol=1e-3)


def test_single_pixels_get_the_answer_of_the_whole_map(segmenter):
    image = torch.rand(1, 3, 64, 96) * 2 - 1
    network = segmenter.network
    network.standardise(torch.linspace(-1, 1, network.dims), torch.linspace(0.5, 2, network.dims))
    with torch.inference_mode():
        whole = segmenter.heads(image)[:, 0].flatten(2)  # (M, K, pixels)
        stages = [stage[0] for stage in network.encoder((image - segmenter.mean) / segmenter.std)]
        index = torch.tensor([0, 5, 100, 383])
        own, shared = gather(stages, index)
        alone = network.pixel_logits(join(own, shared.expand(4, -1)))
    assert torch.allclose(alone, whole[:, :, index].permute(2, 0, 1), atol=1e-3)


def test_frozen_weights_stay_in_eval_mode_and_have_no_gradients(segmenter):
    segmenter.train()
    assert segmenter.training
    assert not any(module.training for module in segmenter.network.encoder.modules())
    learning = {name for name, p in segmenter.named_parameters() if p.requires_grad}
    assert learning
    assert not any("encoder" in name for name in learning)


def test_the_digest_tells_weights_and_kinds_apart():
    torch.manual_seed(0)
    first, second = (build_backbone("tu-resnet10t") for _ in range(2))
    assert first.digest() != second.digest()
    second.load_state_dict(first.state_dict())
    assert first.digest() == second.digest()
    assert HandmadeBackbone().digest() == HandmadeBackbone().digest() != first.digest()


def test_an_encoder_that_is_not_frozen_anywhere_is_refused_with_a_line():
    with pytest.raises(ConfigError, match="tu-NAME"):
        build_segmenter("probe", "resnet18", 4)
    with pytest.raises(ConfigError, match="handmade"):
        build_segmenter("deeplabv3plus", "handmade", 4)


def test_bilinear_values_at_pixels_are_those_of_the_scaled_stage():
    stage = torch.rand(5, 3, 4)
    stages = [torch.rand(2, 9, 13), stage]
    index = torch.arange(9 * 13)
    own, _ = gather(stages, index)
    expected = to_size(stage[None], (9, 13))[0].flatten(1).T
    assert torch.allclose(own[:, 2:7], expected, atol=1e-5)
