"""Near duplicates: the hash survives what cameras and messengers do, and bursts are found among many."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from PIL import Image

from trainer.acquisition.duplicates import alike, bursts_of, feature_hashes, joined, picture_hash
from trainer.synthetic.render import render_photo


@pytest.fixture(scope="module")
def photos() -> list[np.ndarray]:
    return [render_photo(np.random.default_rng(seed), 160, 120)[0] for seed in range(8)]


def apart(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def sent_on(photo: np.ndarray, width: int, quality: int) -> np.ndarray:
    """Scaled to another width and saved as JPEG."""
    picture = Image.fromarray(photo).resize((width, round(width * photo.shape[0] / photo.shape[1])))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize(("width", "quality"), [(90, 90), (240, 60), (500, 40)])
def test_resized_and_recompressed_a_photo_keeps_its_hash(photos, width: int, quality: int) -> None:
    for photo in photos:
        assert apart(picture_hash(photo), picture_hash(sent_on(photo, width, quality))) <= 6


def test_darker_it_keeps_its_hash(photos) -> None:
    for photo in photos:
        assert apart(picture_hash(photo), picture_hash((photo * 0.8).astype(np.uint8))) <= 6


def test_other_photos_are_far(photos) -> None:
    hashes = [picture_hash(photo) for photo in photos]
    assert min(apart(a, b) for i, a in enumerate(hashes) for b in hashes[:i]) > 6


def test_grey_and_one_colour_and_one_pixel_have_a_hash() -> None:
    assert picture_hash(np.zeros((50, 40, 3), np.uint8)) == picture_hash(np.full((9, 9), 200, np.uint8))
    assert 0 <= picture_hash(np.zeros((1, 1, 3), np.uint8)) < 2**64


def test_a_burst_is_one_and_others_stay_alone(photos) -> None:
    shown = [photos[0], photos[1], sent_on(photos[0], 90, 70), photos[2], sent_on(photos[0], 300, 50)]
    hashes = np.array([picture_hash(photo) for photo in shown], np.uint64)
    assert bursts_of(hashes).tolist() == [0, 1, 0, 2, 0]


def test_links_of_a_chain_are_one_burst() -> None:
    links = [0, 0b11_1111, 0b1111_1111_1111, 2**64 - 1]
    assert bursts_of(np.array(links, np.uint64)).tolist() == [0, 0, 0, 1]


def test_every_pair_within_reach_is_found() -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**63, 300, dtype=np.uint64)
    flipped = hashes.copy()
    for bit in rng.permuted(np.tile(np.arange(64), (300, 1)), axis=1)[:, :6].T:
        flipped ^= np.uint64(1) << bit.astype(np.uint64)
    found = bursts_of(np.concatenate([hashes, flipped]))
    assert (found[:300] == found[300:]).all()


def test_nothing_and_all_the_same() -> None:
    assert bursts_of(np.zeros(0, np.uint64)).tolist() == []
    assert bursts_of(np.full(5, 7, np.uint64)).tolist() == [0] * 5


def test_its_work_does_not_grow_with_the_square() -> None:
    def seconds(count: int) -> float:
        hashes = np.random.default_rng(1).integers(0, 2**63, count, dtype=np.uint64)
        started = time.process_time()
        bursts_of(hashes)
        return time.process_time() - started

    assert seconds(20_000) < 12 * seconds(4_000) + 1


def test_features_that_are_almost_the_same_are_one_burst() -> None:
    rng = np.random.default_rng(0)
    scenes = rng.normal(size=(20, 64))
    views = np.repeat(scenes, 3, axis=0) + rng.normal(0, 0.01, (60, 64))
    assert bursts_of(feature_hashes(views), near=2).tolist() == np.repeat(np.arange(20), 3).tolist()
    views[0, :5] = np.nan
    assert len(feature_hashes(views)) == 60


def test_photos_are_one_burst_by_their_pictures_or_by_their_features() -> None:
    rng = np.random.default_rng(0)
    scenes = dict(enumerate(rng.normal(size=(6, 64))))
    vectors = {**scenes, 7: scenes[2] + rng.normal(0, 0.01, 64)}
    hashes = {i: int(rng.integers(2**63)) for i in (0, 1, 2, 8)} | {9: 5, 4: 5}
    known = [0, 1, 2, 3, 4, 5, 7, 8, 9]
    groups = dict(zip(known, alike(known, hashes, vectors).tolist(), strict=True))
    assert groups[2] == groups[7]  # by features alone: 7 has no hash
    assert groups[4] == groups[9]  # by the picture alone: 9 has no features
    assert len(set(groups.values())) == len(known) - 2
    assert alike([], {}, {}).tolist() == []
    assert alike([3], {}, {}).tolist() == [0]


def test_either_likeness_makes_a_burst() -> None:
    by_picture, by_features = np.array([0, 0, 1, 2, 3, 4]), np.array([0, 1, 1, 2, 3, 3])
    assert joined(by_picture, by_features).tolist() == [0, 0, 0, 1, 2, 2]
    assert joined(np.zeros(0, int), np.zeros(0, int)).tolist() == []
