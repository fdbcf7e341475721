"""Features on disk and labelled pixels: bounded, keyed, and never mixed."""

import shutil

import numpy as np
import pytest
import torch

from trainer.data.photo_cache import DecodedCache
from trainer.features.bank import PixelBank, PixelBatches, draw_pixels
from trainer.features.cache import FeatureExtractor, compute_stages, pack, pixels_key, unpack
from trainer.labels.values import IGNORE
from trainer.networks.architectures import build_segmenter

CPU = torch.device("cpu")


def photo_of(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def handmade():
    return build_segmenter("probe", "handmade", 4, heads=2, width=8).eval()


@pytest.fixture
def stages(handmade):
    return compute_stages(handmade, photo_of(50, 70))


def same(first, second):
    return len(first) == len(second) and all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_what_is_packed_comes_back(stages):
    assert same(unpack(pack(stages)), stages)


def test_features_are_computed_once_and_again_after_the_cache_was_deleted(handmade, tmp_path):
    cache = DecodedCache(tmp_path / "features", 10_000_000)
    extractor = FeatureExtractor(handmade, cache)
    photo = photo_of(50, 70)
    first = extractor.stages(photo)
    (kept,) = (tmp_path / "features").glob("*.npy")
    made = kept.stat().st_mtime_ns
    assert same(first, extractor.stages(photo))
    assert kept.stat().st_mtime_ns == made
    shutil.rmtree(tmp_path / "features")
    assert same(first, extractor.stages(photo))
    assert kept.is_file()


def test_a_replaced_photo_a_mirrored_one_and_another_size_have_features_of_their_own(handmade, tmp_path):
    extractor = FeatureExtractor(handmade, DecodedCache(tmp_path, 10_000_000))
    photo = photo_of(64, 64)
    plain, mirrored = extractor.stages(photo), extractor.stages(photo[:, ::-1])
    assert torch.allclose(plain[0][0].flip(-1).float(), mirrored[0][0].float(), atol=1e-2)
    assert not same(plain, mirrored)
    assert not same(plain, extractor.stages(photo_of(64, 64, seed=1)))
    assert extractor.stages(photo.reshape(32, 128, 3))[0].shape != plain[0].shape


def test_features_of_another_backbone_are_never_taken(tmp_path):
    cache = DecodedCache(tmp_path, 100_000_000)
    torch.manual_seed(0)
    photo, found = photo_of(64, 64), []
    for _ in range(2):  # the same network with other weights
        segmenter = build_segmenter("probe", "tu-resnet10t", 4).eval()
        found.append(FeatureExtractor(segmenter, cache).stages(photo))
        assert same(found[-1], compute_stages(segmenter, photo))
    assert not same(*found)
    assert len(list(tmp_path.glob("*.npy"))) == 2


def test_a_full_cache_drops_what_was_used_longest_ago(handmade, tmp_path):
    size = pack(compute_stages(handmade, photo_of(64, 64))).nbytes + 128
    extractor = FeatureExtractor(handmade, DecodedCache(tmp_path, 2 * size))
    for seed in range(4):
        extractor.stages(photo_of(64, 64, seed))
    assert sum(path.stat().st_size for path in tmp_path.glob("*.npy")) <= 2 * size
    assert len(list(tmp_path.glob(f"f-{pixels_key(photo_of(64, 64, 3))}*.npy"))) == 1


def test_pixels_are_drawn_from_every_class_and_never_where_nothing_is_labelled(stages):
    target = np.full((50, 70), IGNORE, np.uint8)
    target[:20] = 1
    target[40:, :8] = 3
    drawn = draw_pixels(stages, target, per_class=10, seed="revision")
    assert dict(zip(*np.unique(drawn.target, return_counts=True), strict=True)) == {1: 10, 3: 6}
    rows = (drawn.own[:, -2].float() + 1) / 2 * 64  # the photo is filled up to 64 rows
    assert (rows[torch.from_numpy(drawn.target == 1)] < 22).all()
    again = draw_pixels(stages, target, per_class=10, seed="revision")
    assert torch.equal(again.own, drawn.own)


@pytest.mark.parametrize("shape", [(1, 70), (70, 1), (1, 1)])
def test_a_photo_of_one_row_has_pixels(handmade, shape):
    stages = compute_stages(handmade, photo_of(*shape))
    drawn = draw_pixels(stages, np.zeros(shape, np.uint8), 300, "r")
    assert len(drawn.target) == -(-shape[0] // 4) * -(-shape[1] // 4)
    assert torch.isfinite(drawn.own.float()).all()


def test_the_bank_forgets_a_mask_that_was_taken_back(stages):
    bank = PixelBank(1000)
    for name, value in (("first", 0), ("second", 1)):
        bank.add(name, draw_pixels(stages, np.full((50, 70), value, np.uint8), 5, name))
    bank.add("empty", draw_pixels(stages, np.full((50, 70), IGNORE, np.uint8), 5, "empty"))
    assert len(bank) == 2
    bank.keep(["second"])
    assert "first" not in bank
    assert [entry.target.tolist() for entry in bank.entries()] == [[1] * 5]


def test_a_full_bank_takes_fewer_pixels_of_each_class_of_each_photo(stages):
    target = np.zeros((50, 70), np.uint8)
    target[:8, :16] = 2
    bank = PixelBank(60)
    for name in ("a", "b"):
        bank.add(name, draw_pixels(stages, target, 100, name))
    entries = bank.entries()
    assert sum(len(entry.target) for entry in entries) <= 60
    assert [np.count_nonzero(entry.target == 2) for entry in entries] == [8, 8]  # the rare class keeps all


def test_a_batch_is_a_function_of_seed_and_step(stages):
    entry = draw_pixels(stages, np.zeros((50, 70), np.uint8), 50, "a")
    one, two = (PixelBatches([entry], 16, 3, seed=4, device=CPU) for _ in range(2))
    one.batch(0)
    assert torch.equal(one.batch(7).image, two.batch(7).image)
    assert not torch.equal(one.batch(8).image, two.batch(7).image)
    assert two.batch(0).weight.shape == (16, 3)


def test_rare_classes_are_drawn_more_often_than_they_are(stages):
    target = np.zeros((50, 70), np.uint8)
    target[:4, :16] = 2  # 4 of 234 pixels
    batches = PixelBatches([draw_pixels(stages, target, 1000, "a")], 4000, 1, seed=0, device=CPU)
    share = float((batches.batch(0).target == 2).float().mean())
    assert share == pytest.approx(4**0.5 / (4**0.5 + 230**0.5), abs=0.02)
