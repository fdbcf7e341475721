"""Inference at any size: padding, windows, bands."""

import itertools
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from trainer.inference.predictor import Predictor, to_working_size
from trainer.inference.tiling import BAND, hann, upsampled_rows, window_starts
from trainer.networks.architectures import build_segmenter
from trainer.networks.segmenters import Segmenter


class ByColour(torch.nn.Module):
    """A 'network' that looks at one pixel: class 1 where red, class 2 where green, else 0."""

    def forward(self, x):
        mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
        std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
        rgb = x * std + mean
        logits = torch.stack([torch.full_like(rgb[:, 0], 0.5), rgb[:, 0], rgb[:, 1]], dim=1)
        return 20 * logits


def by_colour(long_side=None):
    return Predictor(Segmenter(ByColour(), "test", "none", 3), "cpu", long_side)


def picture(height, width):
    photo = np.zeros((height, width, 3), np.uint8)
    photo[: height // 2, width // 3 :, 0] = 255
    photo[height // 2 :, : width // 4, 1] = 255
    return photo


def expected(photo):
    return np.where(photo[..., 0] > 0, 2, np.where(photo[..., 1] > 0, 3, 1))


@pytest.mark.parametrize("size", [(64, 64), (77, 101), (700, 768), (513, 900), (1200, 800), (1000, 40)])
def test_every_pixel_gets_its_label_in_one_pass_and_in_windows(size):
    photo = picture(*size)
    result = by_colour().predict(photo)
    assert result.labels.shape == result.confidence.shape == size
    assert result.labels.dtype == result.confidence.dtype == np.uint8
    assert np.array_equal(result.labels, expected(photo))
    assert result.confidence.min() > 250


def test_a_scaled_photo_comes_back_at_its_own_size():
    photo = picture(600, 900)
    result = by_colour(long_side=150).predict(photo)
    assert result.labels.shape == (600, 900)
    assert (result.labels == expected(photo)).mean() > 0.98


def test_odd_sizes_are_padded_and_cut_back_for_a_real_network():
    torch.manual_seed(0)
    model = build_segmenter(encoder="resnet18", classes=4)
    predictor = Predictor(model, "cpu")
    photo = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    whole = predictor._one_pass(photo)
    assert whole.shape == (4, 40, 60)
    assert torch.allclose(whole.sum(0), torch.ones(40, 60), atol=1e-5)


def test_window_weights_never_leave_a_gap():
    for extent in (512, 513, 896, 897, 3000):
        starts = window_starts(extent)
        assert starts[0] == 0
        assert starts[-1] + 512 == extent
        assert all(b - a <= 384 for a, b in itertools.pairwise(starts))
    assert hann(512).min() > 0


def test_bands_equal_bilinear_upsampling():
    small = torch.rand(5, 33, 47)
    whole = F.interpolate(small[None], size=(301, 430), mode="bilinear", align_corners=False)[0]
    bands = [upsampled_rows(small, top, min(301, top + BAND), 301, 430) for top in range(0, 301, BAND)]
    assert torch.allclose(torch.cat(bands, dim=1), whole, atol=1e-5)


def test_working_size_never_grows():
    photo = np.zeros((100, 200, 3), np.uint8)
    assert to_working_size(photo, 400) is photo
    assert to_working_size(photo, None) is photo
    assert to_working_size(photo, 50).shape == (25, 50, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory of a process in kilobytes")
@pytest.mark.parametrize("long_side", [256, None])
def test_twelve_megapixels_stay_within_bounded_memory(long_side):
    """Nine classes of float32 at full size alone would be 432 MB."""
    script = textwrap.dedent(
        f"""
        import resource, numpy as np, torch
        from trainer.networks.segmenters import Segmenter
        from trainer.inference.predictor import Predictor
        class Flat(torch.nn.Module):
            def forward(self, x):
                return x[:, :1].expand(-1, 9, -1, -1) * torch.arange(9.).view(1, 9, 1, 1)
        torch.set_num_threads(1)
        predictor = Predictor(Segmenter(Flat(), "t", "n", 9), "cpu", {long_side})
        photo = np.zeros((3000, 4000, 3), np.uint8)
        predictor.predict(photo[:800, :800])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        predictor.predict(photo)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        """
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 350_000


def test_of_body_parts_specks_go_and_of_other_things_nothing_does():
    photo = picture(300, 300)
    photo[50, 20] = (255, 0, 0)
    model = Segmenter(ByColour(), "test", "none", 3)
    assert Predictor(model, "cpu", names=("background", "hand", "foot")).predict(photo).labels[50, 20] == 1
    assert Predictor(model, "cpu", names=("background", "mole", "scar")).predict(photo).labels[50, 20] == 2
