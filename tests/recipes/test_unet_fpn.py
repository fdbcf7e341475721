"""U-Net and FPN: the stock networks where those work, and any size besides."""

import pytest
import segmentation_models_pytorch as smp
import torch

from trainer.errors import ConfigError
from trainer.networks.architectures import build_segmenter
from trainer.networks.unet import UNet2015

ENCODER = "tu-resnet10t"


def stock(arch):
    return {"unet": smp.Unet, "fpn": smp.FPN}[arch](ENCODER, encoder_weights=None, classes=3).eval()


@pytest.mark.parametrize("arch", ["unet", "fpn"])
def test_identical_to_the_stock_network_at_128(arch):
    torch.manual_seed(0)
    theirs = stock(arch)
    ours = build_segmenter(arch, ENCODER, 3).eval()
    ours.network.load_state_dict(theirs.state_dict())
    x = torch.rand(2, 3, 128, 128) * 2 - 1
    with torch.inference_mode():
        assert torch.equal(ours(x), theirs((x - ours.mean) / ours.std))


@pytest.mark.parametrize(("arch", "encoder"), [("unet", ENCODER), ("fpn", ENCODER), ("unet", "unet2015")])
@pytest.mark.parametrize("size", [(40, 70), (33, 129), (5, 7)])
def test_any_size(arch, encoder, size):
    options = {"width": 4} if encoder == "unet2015" else {}
    model = build_segmenter(arch, encoder, 2, **options).eval()
    with torch.inference_mode():
        assert model(torch.zeros(1, 3, *size)).shape == (1, 2, *size)


def test_what_is_added_to_reach_the_stride_is_white_and_cut_off_again():
    torch.manual_seed(0)
    model = build_segmenter("fpn", ENCODER, 2).eval()
    x = torch.rand(1, 3, 40, 50) * 2 - 1
    white = torch.ones(1, 3, 64, 64)
    white[..., :40, :50] = x
    with torch.inference_mode():
        assert torch.equal(model(x), model(white)[..., :40, :50])


def test_the_design_of_2015():
    """64 to 1024 channels and 31.03 million parameters, as in the paper's figure."""
    network = UNet2015(2)
    assert sum(p.numel() for p in network.parameters()) == 31_031_810
    with torch.inference_mode():
        features = network.encoder(torch.zeros(1, 3, 32, 32))
    assert [f.shape[1] for f in features] == [64, 128, 256, 512, 1024]
    assert [f.shape[-1] for f in features] == [32, 16, 8, 4, 2]


def test_the_2015_network_is_scaled_to_keep_its_variance():
    torch.manual_seed(0)
    network = UNet2015(2, width=16).eval()
    deep = network.encoder.levels[4][0].weight
    assert deep.std().item() == pytest.approx((2 / (9 * 128)) ** 0.5, rel=0.02)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_width_and_batch_norm_of_2015_are_chosen_and_remembered(batch_norm):
    model = build_segmenter("unet", "unet2015", 2, width=4, batch_norm=batch_norm)
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert len(norms) == (18 if batch_norm else 0)
    card = model.describe()
    again = build_segmenter(card["arch"], card["encoder"], card["classes"], **card["options"])
    again.load_state_dict(model.state_dict())


def test_without_batch_norm_a_batch_of_one_trains():
    model = build_segmenter("unet", "unet2015", 2, width=4).train()
    model(torch.rand(1, 3, 20, 30)).square().mean().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_the_2015_network_is_refused_as_encoder_of_another():
    with pytest.raises(ConfigError, match="whole U-Net"):
        build_segmenter("fpn", "unet2015")
    with pytest.raises(ConfigError, match="did you mean 'unet2015'"):
        build_segmenter("unet", "unet2016")
