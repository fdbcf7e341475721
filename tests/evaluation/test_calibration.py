"""Is confidence honest, and the one number that makes it so."""

import json

import numpy as np
import pytest
import torch

from trainer.evaluation.scores.calibration import confidence_counts, expected_error, reliability
from trainer.evaluation.scores.temperature import PIXELS, PixelSample, fit_temperature
from trainer.inference.predictor import Predictor
from trainer.training.round import run_round


def counts_of(*pairs):
    """Counts from (confidence byte, pixels, right)."""
    counts = np.zeros((2, 256), np.int64)
    for level, pixels, right in pairs:
        counts[:, level] += (pixels, right)
    return counts


def test_counting_confidence():
    confidence = np.array([255, 255, 51], np.uint8)
    counts = confidence_counts(confidence, np.array([True, False, True]))
    assert counts.shape == (2, 256)
    assert counts[:, 255].tolist() == [2, 1]
    assert counts[:, 51].tolist() == [1, 1]
    assert confidence_counts(confidence[:0], np.zeros(0, bool)).sum() == 0


def test_honest_confidence_has_no_error():
    found = reliability(counts_of((51, 1000, 200), (153, 1000, 600), (255, 10, 10)))
    assert found.ece == pytest.approx(0, abs=1e-12)
    assert found.overconfident == pytest.approx(0, abs=1e-12)
    assert np.nansum(found.share) == pytest.approx(1)


def test_too_sure_by_thirty_points():
    found = reliability(counts_of((204, 100, 50)))  # sure of 80 %, right in 50 %
    assert found.ece == pytest.approx(0.3)
    assert found.overconfident == pytest.approx(0.3)
    modest = reliability(counts_of((102, 100, 70)))
    assert (modest.ece, modest.overconfident) == pytest.approx((0.3, -0.3))


def test_errors_of_both_signs_add_up_where_their_sum_would_hide_them():
    found = reliability(counts_of((204, 100, 60), (102, 100, 60)))
    assert found.overconfident == pytest.approx(0)
    assert found.ece == pytest.approx(0.2)


def test_many_at_once_are_the_same_as_one_by_one():
    random = np.random.default_rng(0)
    pixels = random.integers(0, 50, (5, 256))
    counts = np.stack([pixels, random.binomial(pixels, 0.6)], axis=1)
    assert expected_error(counts) == pytest.approx([reliability(c).ece for c in counts])
    assert np.isnan(expected_error(np.zeros((2, 256), np.int64)))
    assert np.isnan(reliability(np.zeros((2, 256), np.int64)).ece)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_temperature_recovers_a_known_scaling(scale):
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(20_000, 5, generator=generator)
    target = torch.multinomial(logits.softmax(1), 1, generator=generator)[:, 0]
    assert fit_temperature(logits * scale, target) == pytest.approx(scale, rel=0.05)
    probabilities = (logits * scale).log_softmax(1)
    assert fit_temperature(probabilities, target) == pytest.approx(scale, rel=0.05), "as from logits"


def test_no_pixels_and_perfect_answers_give_a_usable_temperature():
    assert fit_temperature(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)) == 1.0
    assert PixelSample(0).temperature() == 1.0
    sure = fit_temperature(10 * torch.eye(3), torch.arange(3))
    assert 0.05 <= sure <= 1


def test_a_sample_takes_labelled_pixels_only_and_few_of_each_photo():
    sample = PixelSample(photos=20)
    target = np.full((100, 100), 255, np.uint8)
    target[:, :60] = 1
    probabilities = torch.full((3, 100, 100), 0.05)
    probabilities[1, :, :60] = 0.9
    for _ in range(20):
        for top in (0, 50):
            sample.take(target[top : top + 50], probabilities[:, top : top + 50], share=0.5)
    taken = torch.cat(sample._targets)
    assert 0.95 * PIXELS <= len(taken) <= 1.05 * PIXELS
    assert bool((taken == 1).all())
    assert sample.temperature() < 1, "always right at 90 %: it may be surer"


def test_a_model_remembers_its_temperature_and_predicts_with_it(project, settings):
    result = run_round(project, settings, lane="batch", steps=4, device="cpu")
    folder = project.models.folder(result.model_id)
    card = json.loads((folder / "model.json").read_text())
    assert 0.05 <= card["temperature"] <= 20
    photo_id = project.photos.ids(split="val")[0]
    photo, working = project.photos.read(photo_id), project.photos.read_scaled(photo_id, 64)

    def predictor(temperature):
        (folder / "model.json").write_text(json.dumps({**card, "temperature": temperature}))
        return Predictor(folder, "cpu")

    sharp, flat = predictor(0.2), predictor(5.0)
    assert sharp.predict(photo).confidence.mean() > flat.predict(photo).confidence.mean() + 5
    same = sharp.classes_of(working) == flat.classes_of(working)
    assert same.all(), "the answer stays, only its confidence moves"
