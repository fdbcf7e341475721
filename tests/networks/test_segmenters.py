"""DeepLabV3+ at any input size."""

import pytest
import segmentation_models_pytorch as smp
import torch

from trainer.errors import ConfigError
from trainer.networks.architectures import build_segmenter
from trainer.networks.segmenters import DeepLabV3Plus

ENCODER = "resnet18"


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    options = {
        "encoder_weights": None,
        "classes": 9,
        "decoder_atrous_rates": (6, 12, 18),
        "encoder_output_stride": 16,
    }
    stock = smp.DeepLabV3Plus(ENCODER, **options).eval()
    ours = DeepLabV3Plus(ENCODER, **options).eval()
    ours.load_state_dict(stock.state_dict())
    return stock, ours


def test_identical_to_the_stock_network_at_128(networks):
    stock, ours = networks
    x = torch.randn(2, 3, 128, 128)
    with torch.inference_mode():
        assert torch.equal(stock(x), ours(x))


def test_513_gives_the_sizes_of_the_paper(networks):
    _, ours = networks
    x = torch.randn(1, 3, 513, 513)
    with torch.inference_mode():
        features = ours.encoder(x)
        decoded = ours.decode(features)
        logits = ours(x)
    assert [f.shape[-1] for f in features[1:]] == [257, 129, 65, 33, 33]
    assert decoded.shape[-2:] == (129, 129)
    assert logits.shape == (1, 9, 513, 513)


@pytest.mark.parametrize("size", [(33, 65), (100, 77), (200, 120)])
def test_any_size(networks, size):
    _, ours = networks
    with torch.inference_mode():
        assert ours(torch.randn(1, 3, *size)).shape == (1, 9, *size)


def test_aspp_rates_are_those_of_the_paper():
    model = build_segmenter(encoder=ENCODER, classes=3)
    rates = {m.dilation for m in model.network.decoder.aspp.modules() if isinstance(m, torch.nn.Conv2d)}
    assert rates == {(1, 1), (6, 6), (12, 12), (18, 18)}


def test_the_adapter_turns_plus_minus_one_into_imagenet_scale():
    model = build_segmenter(encoder=ENCODER, classes=2).eval()
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    photo = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        expected = model.network((photo - mean) / std)
        assert torch.allclose(model(photo * 2 - 1), expected, atol=1e-4)


def test_a_batch_of_one_is_refused_in_train_mode():
    model = build_segmenter(encoder=ENCODER, classes=2).train()
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        model(torch.zeros(1, 3, 64, 64))


def test_an_unknown_encoder_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'resnet18'"):
        build_segmenter(encoder="resnet81x")
    with pytest.raises(ConfigError, match="did you mean 'tu-resnet50s'"):
        build_segmenter(encoder="tu-resnet50ss")
    with pytest.raises(ConfigError, match="arch"):
        build_segmenter(arch="nonet")


def test_the_automatic_encoder_depends_on_the_device():
    assert build_segmenter(device="cpu").encoder_name == "tu-resnet10t"
    assert build_segmenter(device="cuda:0").describe()["encoder"] == "tu-resnet50s"
