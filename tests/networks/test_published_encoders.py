"""Published encoders in this program's networks: every tensor in its place, and the features are theirs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.errors import ConfigError, WeightsError
from trainer.networks.architectures import build_segmenter
from trainer.networks.encoders import input_scale
from trainer.networks.pretrained import choose_init, encoder_licence, initialise, passed_over
from trainer.networks.published.conversion import adapted, convert, header, renamed_in_order, stated_weights
from trainer.networks.published.folder import FOLDER_VARIABLE, find_part
from trainer.networks.published.frozen_encoder import load_frozen_encoder
from trainer.networks.published.registry import (
    DECODER,
    EFFICIENTNET_LITE0,
    ENCODER,
    MOBILENETV2,
    MOBILESAM,
    PUBLISHED,
    PublishedWeights,
)

RealWeights = Callable[[PublishedWeights], Path]
TINY_VIT = "tu-tiny_vit_5m_224"


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder with every entry in it, its values random."""
    folder = tmp_path / "user"
    folder.mkdir()
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    torch.manual_seed(3)
    for weights in PUBLISHED:
        network = timm.create_model(
            weights.encoders[0].removeprefix("tu-"), features_only=weights is MOBILESAM
        )
        lively(network)
        path = folder / weights.file_name()
        save_file(network.state_dict(), str(path), metadata=header(weights, ENCODER))
    return folder


def lively(network: nn.Module) -> None:
    """Batch norms as after training, so that a wrong input scale would show."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.running_mean, -0.2, 0.2)
            nn.init.uniform_(layer.running_var, 0.2, 0.6)


def as_authors_name_it(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """TinyViT of timm as MobileSAM's file names it, with the parts that follow it there."""
    named = {}
    for name, value in state.items():
        name = name.replace("patch_embed.conv1.", "patch_embed.seq.0.").replace(
            "patch_embed.conv2.", "patch_embed.seq.2."
        )
        name = re.sub(r"^stages_(\d)\.downsample", lambda m: f"layers.{int(m[1]) - 1}.downsample", name)
        name = re.sub(r"^stages_(\d)", r"layers.\1", name).replace(".conv.", ".c.")
        named[f"image_encoder.{name}"] = value
    for name in ("image_encoder.neck.0.weight", "image_encoder.norm_head.bias", "image_encoder.head.weight"):
        named[name] = torch.zeros(2)
    for name in ("prompt_encoder.no_mask_embed.weight", "mask_decoder.iou_token.weight"):
        named[name] = torch.ones(2)
    return named


def test_mobilesam_is_taken_apart_into_encoder_and_decoder() -> None:
    network = timm.create_model("tiny_vit_5m_224", features_only=True)
    parts = convert(MOBILESAM, as_authors_name_it(network.state_dict()))
    assert set(parts) == {ENCODER, DECODER}
    assert set(parts[ENCODER]) == set(network.state_dict())
    assert all(torch.equal(value, parts[ENCODER][name]) for name, value in network.state_dict().items())
    assert set(parts[DECODER]) == {
        "neck.0.weight",
        "prompt_encoder.no_mask_embed.weight",
        "mask_decoder.iou_token.weight",
    }


def test_tensors_in_another_order_are_not_renamed() -> None:
    one = {"a.weight": torch.zeros(3), "a.bias": torch.zeros(2)}
    assert renamed_in_order({"x.bias": torch.zeros(2), "x.weight": torch.zeros(3)}, one) is None
    assert renamed_in_order({"x.weight": torch.zeros(4), "x.bias": torch.zeros(2)}, one) is None
    assert renamed_in_order({"x.bias": torch.zeros(3), "x.weight": torch.zeros(2)}, one) is None
    assert renamed_in_order({}, {**one, "b.weight": torch.zeros(1)}) is None
    assert set(renamed_in_order({"x.weight": torch.ones(3)}, one) or {}) == {"a.weight"}


@pytest.mark.parametrize(
    ("encoder", "arch"),
    [
        *((encoder, "deeplabv3plus") for w in (EFFICIENTNET_LITE0, MOBILENETV2) for encoder in w.encoders),
        *((encoder, arch) for arch in ("unet", "fpn") for encoder in (TINY_VIT, "tu-efficientnet_lite0")),
    ],
)
def test_auto_finds_the_user_s_weights_and_every_tensor_of_the_encoder_is_theirs(
    user: Path, tmp_path: Path, encoder: str, arch: str
) -> None:
    model = build_segmenter(arch, encoder, 4)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    weights = next(w for w in PUBLISHED if encoder in w.encoders)
    assert choose_init("auto", encoder, tmp_path) == weights.init
    said = initialise(model, "auto", tmp_path)
    assert said.startswith(f"{weights.name}.safetensors ({weights.licence}): ")
    assert encoder_licence(weights.init, encoder, tmp_path) == weights.licence
    left = [
        name
        for name, value in model.state_dict().items()
        if "encoder." in name
        and value.is_floating_point()
        and value.std() > 0
        and torch.equal(value, before[name])
    ]
    assert left == []
    assert model.eval()(torch.zeros(1, 3, 96, 128)).shape == (1, 4, 96, 128)


def test_mobilenet_has_the_same_features_under_every_name(user: Path, tmp_path: Path) -> None:
    models = [build_segmenter("unet", encoder, 3) for encoder in MOBILENETV2.encoders]
    for model in models:
        initialise(model, "imagenet", tmp_path)
        model.eval()
    x = torch.rand(1, 3, 96, 128)
    with torch.inference_mode():
        one, other = (model.get_submodule("network.encoder")(x)[1:5] for model in models)
    assert all(torch.allclose(p, q, atol=1e-5) for p, q in zip(one, other, strict=True))


@pytest.mark.parametrize("encoder", ["tu-efficientnet_lite0", "timm-tf_efficientnet_lite0"])
def test_another_input_scale_and_epsilon_give_the_same_features(user: Path, encoder: str) -> None:
    """Variants of the network see other colours, and count their pixels from another corner."""
    original = timm.create_model("tf_efficientnet_lite0", features_only=True).eval()
    state = load_file(user / EFFICIENTNET_LITE0.file_name())
    original.load_state_dict(state, strict=False)
    variant = build_segmenter("unet", encoder, 3).get_submodule("network.encoder").eval()
    mean, std = input_scale(encoder)
    state = adapted(state, EFFICIENTNET_LITE0, variant, mean, std)
    missing = [k for k in variant.state_dict() if k.removeprefix("model.") not in state]
    assert missing == []
    variant.load_state_dict({k: state[k.removeprefix("model.")] for k in variant.state_dict()})
    photo = F.interpolate(torch.rand(1, 3, 24, 24), size=192, mode="bilinear")
    moved = F.pad(photo, (0, 3, 0, 3), mode="replicate")[..., 3:, 3:]  # of stride 4: by 4 - 1 pixels
    m, s = (torch.tensor(values).view(1, 3, 1, 1) for values in (mean, std))
    with torch.inference_mode():
        wanted = original((photo - 0.5) / 0.5)[1]
        found = next(f for f in variant((moved - m) / s) if f.shape[1:] == wanted.shape[1:])
    inside = (slice(None), slice(None), slice(12, -12), slice(12, -12))
    wanted, found = ((f[inside] - wanted.mean((2, 3), keepdim=True)).flatten() for f in (wanted, found))
    assert float(F.cosine_similarity(wanted, found, dim=0)) > 0.999


def test_what_is_not_at_hand_names_the_command_that_brings_it(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"run skinseg weights get efficientnet-lite0 \(19 MB, licence apache-2\.0\)"
    ):
        initialise(build_segmenter("unet", "tu-tf_efficientnet_lite0", 2), "imagenet", tmp_path)
    with pytest.raises(ConfigError, match=r"run skinseg weights get mobilesam \(41 MB"):
        initialise(build_segmenter("unet", TINY_VIT, 2), "mobilesam", tmp_path)
    with pytest.raises(ConfigError, match="no mobilesam weights are known for encoder tu-resnet10t"):
        initialise(build_segmenter("unet", "tu-resnet10t", 2), "mobilesam", tmp_path)
    for weights in PUBLISHED:
        with pytest.raises(
            WeightsError, match=rf"not on this machine: run skinseg weights get {weights.name} "
        ):
            load_frozen_encoder(weights)


def test_colorization_s_weights_that_published_ones_overtake_are_named(user: Path, tmp_path: Path) -> None:
    (tmp_path / "colorization-tu-mobilenetv2_100.safetensors").touch()
    assert "ImageNet's come first" in passed_over("auto", "tu-mobilenetv2_100", tmp_path)
    (tmp_path / f"colorization-{TINY_VIT}.safetensors").touch()
    assert "MobileSAM's come first" in passed_over("auto", TINY_VIT, tmp_path)


def test_a_frozen_encoder_takes_the_colours_of_this_program_and_never_learns(user: Path) -> None:
    photo = torch.rand(2, 3, 64, 96)
    for weights in (MOBILENETV2, MOBILESAM):
        encoder = load_frozen_encoder(weights).train()
        assert not any(module.training for module in encoder.modules())
        assert not any(parameter.requires_grad for parameter in encoder.parameters())
        features = encoder(photo * 2 - 1)
        assert [f.shape[1] for f in features] == list(encoder.channels)
        assert [64 // f.shape[2] for f in features] == list(encoder.strides)
        mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (weights.scale.mean, weights.scale.std))
        assert torch.allclose(encoder.network((photo - mean) / std)[0], features[0], atol=1e-4)


def test_a_file_that_lacks_a_tensor_is_not_half_loaded(user: Path) -> None:
    path = user / MOBILENETV2.file_name()
    state = load_file(path)
    del state["conv_stem.weight"]
    save_file(state, str(path))
    with pytest.raises(WeightsError, match=r"lacks conv_stem\.weight of MobileNetV2.*skinseg weights get"):
        load_frozen_encoder(MOBILENETV2)
    assert stated_weights(path) is None
    path.write_bytes(b"cut off")
    assert stated_weights(path) is None


@pytest.mark.parametrize("weights", PUBLISHED, ids=lambda w: w.name)
def test_real_weights_meet_photos_as_their_batch_norms_remember(
    real_weights: RealWeights, weights: PublishedWeights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tensors out of place, or another input scale, would put activations far from what was stored."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(real_weights(weights)))
    encoder = load_frozen_encoder(weights)
    torch.manual_seed(0)
    batch = photographs()
    as_it_is = drift(encoder, batch)
    for layer in encoder.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.data = layer.weight.data[torch.randperm(len(layer.weight))]
    out_of_place = drift(encoder, batch)
    assert as_it_is < 0.5
    assert out_of_place > 3 * as_it_is


def photographs() -> Tensor:
    """The rendered sample photos, ``(N, 3, 224, 224)`` in [-1, 1]."""
    import numpy as np
    from PIL import Image

    folder = Path(__file__).parents[2] / "sample_data" / "photos"
    pictures = [
        np.array(Image.open(path).convert("RGB").resize((224, 224)))
        for path in sorted(folder.glob("*.jpg"))[:8]
    ]
    return torch.from_numpy(np.stack(pictures)).movedim(-1, 1).float() / 127.5 - 1


@torch.inference_mode()
def drift(network: nn.Module, batch: Tensor) -> float:
    """Median distance of activations from the stored mean, in stored standard deviations."""
    found: list[Tensor] = []

    def look(layer: nn.BatchNorm2d, args: tuple[Tensor, ...]) -> None:
        assert layer.running_mean is not None
        assert layer.running_var is not None
        mean = args[0].mean((0, 2, 3))
        found.append((mean - layer.running_mean).abs() / (layer.running_var + layer.eps).sqrt())

    handles = [
        layer.register_forward_pre_hook(look)
        for layer in network.modules()
        if isinstance(layer, nn.BatchNorm2d)
    ]
    network(batch)
    for handle in handles:
        handle.remove()
    return float(torch.cat(found).median())


def test_real_mobilesam_is_whole(real_weights: RealWeights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(real_weights(MOBILESAM)))
    encoder, decoder = find_part(MOBILESAM), find_part(MOBILESAM, DECODER)
    assert encoder is not None
    assert decoder is not None
    own = timm.create_model("tiny_vit_5m_224", features_only=True).state_dict()
    assert set(load_file(encoder)) == set(own)
    parts = load_file(decoder)
    assert (len(own), len(parts)) == (292, 143)
    assert {name.partition(".")[0] for name in parts} == {"neck", "prompt_encoder", "mask_decoder"}
    assert parts["neck.0.weight"].shape == (256, 320, 1, 1)
