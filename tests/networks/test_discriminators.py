"""Discriminators: sizes, receptive fields, what they are rebuilt from, and what freezing means."""

import pytest
import torch
from torch import nn

from trainer.errors import ConfigError
from trainer.networks.discriminators import DISCRIMINATORS, build_discriminator, frozen


def test_the_surrogate_discriminator_has_the_sizes_of_the_figure():
    network = build_discriminator("surrogate", 6)
    first, second = network.features[0], network.features[2]
    assert (first.out_channels, second.out_channels) == (64, 128)
    x = torch.rand(2, 6, 129, 129)
    halves = network.features[:2](x)
    assert halves.shape == (2, 64, 64, 64)
    assert network.features(x).shape == (2, 128, 32, 32)
    assert network(x).shape == (2, 1, 4, 4)
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())


@pytest.mark.parametrize(("side", "answer"), [(32, 1), (64, 2), (128, 4), (140, 5)])
def test_the_surrogate_discriminator_takes_other_sizes(side, answer):
    network = build_discriminator("surrogate", 6, width=8)
    assert network(torch.rand(2, 6, side, side)).shape == (2, 1, answer, answer)


@pytest.mark.parametrize(("kind", "field"), [("patch16", 16), ("patch70", 70), ("patch256", 256)])
def test_one_logit_depends_on_a_square_of_the_size_in_the_name(kind, field):
    network = build_discriminator(kind, 1, width=2, norm="none")
    for parameter in network.parameters():  # no weight may cancel another
        nn.init.uniform_(parameter, 0.1, 1.0)
    x = torch.ones(1, 1, 640, 640, requires_grad=True)
    answer = network(x)
    middle = answer.shape[-1] // 2
    answer[0, 0, middle, middle].backward()
    seen = x.grad[0, 0].nonzero()
    assert network.receptive_field == field
    assert (seen.amax(0) - seen.amin(0) + 1).tolist() == [field, field]


@pytest.mark.parametrize("size", [(129, 129), (37, 53), (32, 8)])
def test_the_fully_convolutional_one_answers_for_every_pixel(size):
    network = build_discriminator("fcn", 12, width=8)
    assert network(torch.rand(2, 12, *size)).shape == (2, 1, *size)


def test_the_fully_convolutional_one_is_as_wide_as_the_source():
    network = build_discriminator("fcn", 12)
    widths = [m.out_channels for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert widths[:4] == [32, 64, 128, 256]
    assert any(isinstance(m, nn.GroupNorm) for m in network.modules())
    assert {m.negative_slope for m in network.modules() if isinstance(m, nn.LeakyReLU)} == {0.2}


@pytest.mark.parametrize("kind", DISCRIMINATORS)
def test_a_discriminator_is_rebuilt_from_its_description(kind):
    network = build_discriminator(kind, 5, width=8, stride=2).eval()
    again = build_discriminator(**network.describe()).eval()
    again.load_state_dict(network.state_dict())
    assert again.stride == 2
    x = torch.rand(1, 5, 192, 192)
    assert torch.equal(network(x), again(x))


def test_a_stride_averages_what_is_judged():
    network = build_discriminator("fcn", 3, width=8, stride=4)
    x = torch.rand(1, 3, 66, 64)
    coarse = network.coarse(x)
    assert torch.allclose(coarse[..., :16, :], nn.functional.avg_pool2d(x, 4))
    assert torch.allclose(coarse[..., 16, 0], x[..., 64:, :4].mean(dim=(-1, -2)))
    assert network(coarse).shape == (1, 1, 17, 16)
    assert build_discriminator("fcn", 3, width=8).coarse(x) is x


def test_too_small_a_picture_and_unknown_kinds_are_refused_in_one_line():
    with pytest.raises(ConfigError, match="'patch256' needs 96 pixels or more and got 64: raise"):
        build_discriminator("patch256", 3)(torch.rand(1, 3, 64, 64))
    with pytest.raises(ConfigError, match="'fcn' needs 32 pixels or more and got 16: raise"):
        build_discriminator("fcn", 3, stride=4)(torch.rand(1, 3, 4, 4))
    with pytest.raises(ConfigError, match="'patch71' is none of surrogate, patch16"):
        build_discriminator("patch71", 3)
    with pytest.raises(ConfigError, match="norm 'layer' is none of batch, group, none"):
        build_discriminator("fcn", 3, norm="layer")


@pytest.mark.parametrize("kind", DISCRIMINATORS)
def test_the_smallest_picture_is_enough_for_training_with_one_photo(kind):
    network = build_discriminator(kind, 3, width=8, norm="batch" if kind != "fcn" else None)
    answer = network.train()(torch.rand(1, 3, network.smallest, network.smallest))
    assert torch.isfinite(answer).all()


def test_a_frozen_discriminator_passes_gradients_on_and_keeps_none():
    network = build_discriminator("patch16", 3, width=8).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    x = torch.rand(2, 3, 32, 32, requires_grad=True)
    with frozen(network) as judge:
        judge(x).mean().backward()
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None for p in network.parameters())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    network(x).mean().backward()  # and afterwards it learns and counts again
    assert all(p.grad is not None for p in network.parameters())
    assert network.state_dict()["layers.3.num_batches_tracked"] == 1
