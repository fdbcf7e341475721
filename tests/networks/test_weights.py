"""Model folders and starting weights."""

import json
import sys

import pytest
import timm
import torch
from safetensors.torch import save_file

from trainer.errors import ConfigError, SkinsegError, StorageFullError
from trainer.networks.architectures import build_segmenter
from trainer.networks.pretrained import initialise
from trainer.networks.weights import load_matching, load_model, read_weights, save_model, save_tensors

ENCODER = "resnet18"


@pytest.fixture
def model():
    torch.manual_seed(1)
    return build_segmenter(encoder=ENCODER, classes=4)


def test_a_model_comes_back_as_it_was_saved(model, tmp_path):
    save_model(tmp_path / "0001", model.state_dict(), {"network": model.describe(), "recipe": "supervised"})
    again, card = load_model(tmp_path / "0001")
    assert card["recipe"] == "supervised"
    assert not again.training
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(again(x), model.eval()(x))
    assert sorted(p.name for p in (tmp_path / "0001").iterdir()) == ["model.json", "weights.safetensors"]


def test_no_model_and_a_damaged_one_get_one_line(model, tmp_path):
    with pytest.raises(SkinsegError, match="holds no model"):
        load_model(tmp_path)
    save_model(tmp_path, model.state_dict(), {"network": model.describe()})
    (tmp_path / "weights.safetensors").write_bytes(b"not at all")
    with pytest.raises(SkinsegError, match="not a readable safetensors"):
        load_model(tmp_path)
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(SkinsegError, match="damaged"):
        load_model(tmp_path)


def test_weights_and_card_must_belong_together(model, tmp_path):
    save_model(tmp_path, model.state_dict(), {"network": model.describe()})
    card = json.loads((tmp_path / "model.json").read_text())
    card["network"]["classes"] = 9
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(SkinsegError, match="do not belong together"):
        load_model(tmp_path)


@pytest.mark.parametrize("harm", [{"classes": None}, {"options": 3}, {"arch": []}])
def test_a_card_that_describes_no_network_gets_one_line(model, tmp_path, harm):
    save_model(tmp_path, model.state_dict(), {"network": {**model.describe(), **harm}})
    with pytest.raises(SkinsegError, match=r"model\.json") as caught:
        load_model(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_file_of_other_classes_fits_but_for_the_head(model):
    other = build_segmenter(encoder=ENCODER, classes=9)
    fit = load_matching(other, model.state_dict())
    assert sorted(fit.other_shape) == [
        "network.segmentation_head.0.bias",
        "network.segmentation_head.0.weight",
    ]
    assert not fit.missing
    assert "other shape: network.segmentation_head.0.bias" in fit.sentence()
    key = "network.encoder.conv1.weight"
    assert torch.equal(other.state_dict()[key], model.state_dict()[key])


@pytest.mark.parametrize("encoder", [ENCODER, "tu-mobilenetv3_small_100"])
def test_weights_of_an_encoder_alone_find_their_place(encoder, tmp_path):
    model = build_segmenter(encoder=encoder, classes=4)
    prefix = "network.encoder." + ("model." if encoder.startswith("tu-") else "")
    source = {k.removeprefix(prefix): v + 1 for k, v in model.state_dict().items() if k.startswith(prefix)}
    save_file(source, str(tmp_path / f"{encoder}.safetensors"))
    said = initialise(model, "imagenet", tmp_path)
    assert f"{len(source)} of" in said
    assert all(torch.equal(model.state_dict()[prefix + k], v) for k, v in source.items())


def test_a_file_of_a_whole_network_of_timm_s_fits_its_encoder(tmp_path):
    source = timm.create_model("tiny_vit_5m_224").state_dict()
    save_file(source, str(tmp_path / "tu-tiny_vit_5m_224.safetensors"))
    model = build_segmenter("unet", "tu-tiny_vit_5m_224", 2)
    assert "292 of" in initialise(model, "imagenet", tmp_path)
    name = "stages{}0.blocks.0.conv1.conv.weight"
    own = model.state_dict()["network.encoder.model." + name.format("_")]
    assert torch.equal(own, source[name.format(".")])


@pytest.mark.skipif(sys.platform == "win32", reason="limits a file's size as POSIX does")
def test_a_full_disk_is_said_and_the_old_weights_stay(tmp_path):
    import resource

    path = tmp_path / "some.safetensors"
    save_tensors(path, {"w": torch.zeros(3)})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        with pytest.raises(StorageFullError, match="free some space"):
            save_tensors(path, {"w": torch.zeros(3000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert read_weights(path)["w"].shape == (3,)


def test_pretrained_weights_that_are_not_there_say_what_to_do(model, tmp_path):
    with pytest.raises(ConfigError) as error:
        initialise(model, "imagenet", tmp_path)
    line = str(error.value)
    assert "huggingface.co/smp-hub/resnet18.imagenet" in line
    assert str(tmp_path / "resnet18.safetensors") in line
    assert "colorization or scratch" in line
    assert "\n" not in line
    with pytest.raises(ConfigError, match="skinseg pretrain"):
        initialise(model, "colorization", tmp_path)
    with pytest.raises(ConfigError, match="neither auto"):
        initialise(model, str(tmp_path / "nothing"), tmp_path)


def test_weights_of_another_network_are_refused(model, tmp_path):
    save_file({"layer.weight": torch.zeros(3)}, str(tmp_path / "other.safetensors"))
    with pytest.raises(ConfigError, match=r"another network.*not in the network: .*layer\.weight"):
        initialise(model, str(tmp_path / "other.safetensors"), tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "mend"),
    [
        ("text.txt", b"not weights\n", "name a .safetensors file"),
        ("empty.safetensors", b"", "copy it again"),
        ("cut.safetensors", b"\x99\x00\x00\x00\x00\x00\x00\x00{", "copy it again"),
    ],
)
def test_what_is_no_weights_file_says_how_to_mend_it(tmp_path, name, content, mend):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SkinsegError, match=mend) as error:
        read_weights(tmp_path / name)
    assert str(tmp_path / name) in str(error.value)
    assert "101" not in str(error.value).replace(str(tmp_path), "")


def test_code_in_a_weights_file_is_never_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"w": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(SkinsegError, match="cannot be read as weights"):
        read_weights(tmp_path / "evil.pt")
    assert not (tmp_path / "ran").exists()
