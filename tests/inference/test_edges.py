"""Edge refinement: the formula, the bands, and what it does to a photo."""

import numpy as np
import pytest
import torch

from trainer.inference import edges
from trainer.inference.edges import coefficient_bands, refined_bands, sharpened
from trainer.inference.predictor import Predictor
from trainer.networks.architectures import build_segmenter

RANDOM = np.random.default_rng(0)


def photo_with_edge(height=64, width=64, column=30):
    photo = np.full((height, width, 3), 60, np.uint8)
    photo[:, column:] = (200, 150, 120)
    return photo


def whole(maps, photo, refined):
    ((_, found),) = refined_bands([(0, maps)], photo, refined)
    return found


def test_probabilities_move_to_the_edge_of_the_photo(monkeypatch):
    monkeypatch.setattr(edges, "RADIUS", 48)  # 8 pixels here
    share = torch.zeros(64, 64)
    share[:, 32:] = 1.0  # two pixels beside the edge
    maps = torch.stack([1 - share, share])
    found = whole(maps, photo_with_edge(), 2)
    assert (found[1, :, 28:30] < 0.5).all()
    assert (found[1, :, 30:34] > 0.5).all()


def test_a_flat_photo_only_averages():
    maps = torch.rand(3, 40, 50).softmax(0)
    found = whole(maps, np.full((40, 50, 3), 128, np.uint8), 3)
    radius = edges.radius_for(40, 50)
    inner = edges.box_mean(edges.box_mean(maps, radius), radius)
    assert torch.allclose(found, inner, atol=1e-4)


def test_one_window_follows_the_formula_of_the_paper():
    photo = RANDOM.integers(0, 256, (5, 7, 3), dtype=np.uint8)
    p = torch.rand(5, 7)
    radius, guide = 9, photo.reshape(-1, 3) / 255  # every window holds the whole photo
    covariance = np.cov(guide.T, bias=True) + edges.EPSILON * np.eye(3)
    flat = p.numpy().reshape(-1)
    a = np.linalg.solve(covariance, ((guide - guide.mean(0)) * (flat - flat.mean())[:, None]).mean(0))
    expected = guide @ a + flat.mean() - guide.mean(0) @ a
    colours = torch.from_numpy(photo).movedim(-1, 0).float() / 255
    found = edges._coefficients(torch.stack([p, 1 - p]), colours, radius, 2)[0]
    answer = (found[:3] * colours).sum(0) + found[3]
    assert np.allclose(answer.numpy().reshape(-1), expected, atol=1e-4)


@pytest.mark.parametrize("rows", [1, 17, 64, 400])
def test_bands_give_what_the_whole_photo_gives(rows, monkeypatch):
    monkeypatch.setattr(edges, "RADIUS", 20)
    photo = RANDOM.integers(0, 256, (150, 40, 3), dtype=np.uint8)
    maps = torch.rand(4, 150, 40).softmax(0)
    bands = [(top, maps[:, top : top + rows]) for top in range(0, 150, rows)]
    found = list(refined_bands(bands, photo, 3))
    assert [top for top, _ in found] == list(np.cumsum([0, *(b.shape[1] for _, b in found)])[:-1])
    together = torch.cat([band for _, band in found], dim=1)
    assert torch.allclose(together, whole(maps, photo, 3), atol=1e-5)
    assert torch.allclose(together[:3].sum(0), torch.ones(150, 40), atol=1e-4)
    assert torch.equal(together[3], maps[3])  # no class: left as it was


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (1, 1)])
def test_a_photo_of_one_row_is_refined(shape):
    maps = torch.rand(2, *shape).softmax(0)
    found = whole(maps, RANDOM.integers(0, 256, (*shape, 3), dtype=np.uint8), 2)
    assert torch.isfinite(found).all()
    assert torch.allclose(found.sum(0), torch.ones(shape), atol=1e-4)


def test_only_a_few_rows_are_held_of_a_tall_photo():
    held = []

    def bands():
        for top in range(0, 4000, 100):
            yield top, torch.full((2, 100, 8), 0.5)

    photo = np.zeros((4000, 8, 3), np.uint8)
    radius = edges.radius_for(4000, 8)
    for _, found in coefficient_bands(bands(), photo, 2):
        held.append(found.shape[2])
    assert sum(held) == 4000
    assert max(held) <= 100 + 4 * radius


def test_a_temperature_changes_confidence_and_no_class():
    maps = torch.rand(3, 5, 5).softmax(0)
    softer = sharpened(maps.clone(), 2.0, 3)
    assert torch.equal(softer.argmax(0), maps.argmax(0))
    assert (softer.amax(0) < maps.amax(0)).all()


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_segmenter("probe", "handmade", 3, heads=2, width=8).eval()


@pytest.mark.parametrize("shape", [(90, 120), (300, 200), (1, 50), (900, 300)])
def test_a_predictor_with_edges_answers_at_every_size(network, shape):
    photo = RANDOM.integers(0, 256, (*shape, 3), dtype=np.uint8)
    for long_side in (64, None):
        predictor = Predictor(network, "cpu", long_side, edges=True)
        bands = list(predictor.full_size(photo))
        maps = torch.cat([band for _, band in bands], dim=1)
        assert maps.shape == (3, *shape)
        assert torch.allclose(maps.sum(0), torch.ones(shape), atol=1e-3)
        labels = predictor.predict(photo).labels
        assert (labels == maps.argmax(0).numpy() + 1).all()


def test_a_whole_photo_at_its_own_size_is_refined_too(network):
    photo = RANDOM.integers(0, 256, (90, 120, 3), dtype=np.uint8)
    predictor = Predictor(network, "cpu", None, fit="squash", size=64)
    plain = torch.cat([band for _, band in predictor.full_size(photo)], dim=1)
    predictor.edges = True
    found = torch.cat([band for _, band in predictor.full_size(photo)], dim=1)
    assert torch.allclose(found, whole(plain, photo, 3), atol=1e-4)
    assert not torch.allclose(found, plain, atol=1e-4)


def test_a_large_photo_keeps_its_own_sharp_edge(network):
    """The network sees 64 pixels; the answer changes where the photo of 512 does, within two pixels."""
    photo = photo_with_edge(512, 512, 243)
    maps = torch.zeros(2, 64, 64)
    maps[1, :, 30:] = 1.0
    maps[0] = 1 - maps[1]
    predictor = Predictor(network, "cpu", 64, edges=True)
    predictor._plain_bands = lambda working, with_errors: iter([(0, maps)])
    predictor.model.classes, classes = 2, predictor.model.classes
    try:
        found = torch.cat([band for _, band in predictor.full_size(photo)], dim=1)
    finally:
        predictor.model.classes = classes
    crossing = (found[1] > 0.5).float().argmax(dim=1)
    assert (crossing - 243).abs().max() <= 2
