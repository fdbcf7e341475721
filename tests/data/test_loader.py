"""Crops and batches."""

import itertools
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from trainer.data.augment import NO_AUGMENTATION
from trainer.data.crops import CropPlan, LabelledCrops, UnlabelledCrops
from trainer.data.loader import Loader
from trainer.data.photo_cache import DecodedCache, WorkingPhotos, resize_nearest
from trainer.data.trainset import Item, TrainSet, keep_fraction
from trainer.errors import SkinsegError
from trainer.labels.values import IGNORE


def crop_plan(**changes):
    values = {"size": 48, "batch": 4, "strength": NO_AUGMENTATION, "class_balanced": 0.5}
    return CropPlan(**{**values, "newest_share": 0.0, "seed": 3, **changes})


@pytest.fixture
def train(project):
    items = [Item(t.photo_id, t.revision_id, t.group) for t in project.masks.truth("train")]
    return TrainSet(WorkingPhotos(project, 64), items, 9, newest=2)


def test_the_cache_reads_back_and_stays_below_its_limit(tmp_path):
    cache = DecodedCache(tmp_path, limit=5000)
    arrays = {f"k{i}": np.full((1000,), i, np.uint8) for i in range(8)}
    for key, array in arrays.items():
        assert np.array_equal(cache.get(key, lambda array=array: array), array)
        cache.get("k0", lambda: arrays["k0"])  # used all the time: must stay
    on_disk = {p.stem for p in tmp_path.glob("*.npy")}
    assert "k0" in on_disk
    assert "k1" not in on_disk
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) <= 5000
    assert cache.total <= 5000
    again = DecodedCache(tmp_path, limit=5000)
    assert again.total == cache.total
    assert np.array_equal(again.get("k0", lambda: pytest.fail("not from the cache")), arrays["k0"])


def test_the_cache_may_be_deleted_or_damaged_at_any_time(tmp_path):
    cache = DecodedCache(tmp_path, limit=10_000)
    array = np.arange(100, dtype=np.uint8)
    cache.get("a", lambda: array)
    (tmp_path / "a.npy").unlink()
    assert np.array_equal(cache.get("a", lambda: array), array)
    (tmp_path / "a.npy").write_bytes(b"rubbish")
    assert np.array_equal(cache.get("a", lambda: array), array)
    assert np.array_equal(np.load(tmp_path / "a.npy"), array)


def test_a_limit_of_zero_keeps_nothing(tmp_path):
    cache = DecodedCache(tmp_path / "none", limit=0)
    assert cache.get("a", lambda: np.zeros(3, np.uint8)).tolist() == [0, 0, 0]
    assert not (tmp_path / "none").exists()


def test_nearest_takes_the_pixel_under_the_centre():
    labels = np.arange(16, dtype=np.uint8).reshape(4, 4)
    assert resize_nearest(labels, 2, 2).tolist() == [[5, 7], [13, 15]]
    assert resize_nearest(labels, 4, 4) is labels


def test_photo_and_truth_share_a_size_and_come_from_the_cache_the_second_time(project):
    photos = WorkingPhotos(project, 64)
    truth = project.masks.truth("train")[0]
    photo = photos.photo(truth.photo_id)
    target = photos.target(truth.photo_id, truth.revision_id, photo.shape[:2])
    assert max(photo.shape[:2]) == 64
    assert target.shape == photo.shape[:2]
    assert set(np.unique(target)) <= {0, 3, 6}
    path = project.photos.get(truth.photo_id).path
    again = WorkingPhotos(project, 64)
    path.rename(path.with_suffix(".away"))
    try:
        assert np.array_equal(again.photo(truth.photo_id), photo)
    finally:
        path.with_suffix(".away").rename(path)


def test_smaller_fractions_are_parts_of_larger_ones():
    items = [Item(i, f"r{i}", f"g{i // 2}") for i in range(40)]
    kept = [keep_fraction(items, share) for share in (0.1, 0.25, 0.5, 1.0, None)]
    assert [len(k) for k in kept] == [4, 10, 20, 40, 40]
    for smaller, larger in itertools.pairwise(kept):
        assert set(smaller) <= set(larger)
    assert keep_fraction(items[::-1], 0.25) == kept[1][::-1]


def test_a_crop_depends_on_its_place_alone(train):
    crops = LabelledCrops(train, crop_plan())
    first = [crops.draw(5, slot, 4) for slot in range(4)]
    crops.draw(1, 0, 4)
    again = [crops.draw(5, slot, 4) for slot in range(4)]
    for (a, b), (c, d) in zip(first, again, strict=True):
        assert torch.equal(a, c)
        assert torch.equal(b, d)
    assert not torch.equal(first[0][0], first[1][0])
    other = LabelledCrops(train, crop_plan(seed=4)).draw(5, 0, 4)
    assert not torch.equal(first[0][0], other[0])


def test_balanced_crops_show_rare_classes_more_often(train):
    def share(class_balanced):
        crops = LabelledCrops(train, crop_plan(class_balanced=class_balanced, size=24))
        drawn = torch.cat([crops.draw(step, 0, 1)[1].flatten() for step in range(60)])
        return (drawn == 3).float().mean().item()

    assert share(1.0) > 1.3 * share(0.0)


def test_half_of_a_fast_batch_is_new(train):
    fast = LabelledCrops(train, crop_plan(newest_share=0.5))
    newest = {train.items[i].photo_id for i in range(2)}
    seen = []
    original = train.pair
    train.pair = lambda index: (seen.append(train.items[index].photo_id), original(index))[1]
    for step in range(20):
        for slot in range(4):
            fast.draw(step, slot, 4)
    first_half = [seen[i] for i in range(80) if i % 4 < 2]
    assert set(first_half) == newest
    assert len(set(seen)) == 8


def test_a_photo_that_breaks_is_left_out(project, train):
    path = project.photos.get(train.items[0].photo_id).path
    fresh = TrainSet(WorkingPhotos(project, 32, DecodedCache(None, 0)), train.items, 9)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3])
    try:
        crops = LabelledCrops(fresh, crop_plan())
        for step in range(40):
            crops.draw(step, 0, 4)
        assert list(fresh.dropped) == [0]
        assert path.name in fresh.dropped[0]
        for index in range(1, 8):
            fresh.drop(index, SkinsegError("gone"))
        with pytest.raises(SkinsegError, match="no labelled photo can be used"):
            crops.draw(0, 0, 4)
    finally:
        path.write_bytes(content)


def test_a_partly_labelled_photo_is_cropped_where_it_is_labelled(empty_project):
    photo_id = empty_project.photos.ids("train")[0]
    shape = empty_project.photos.read(photo_id).shape[:2]
    labels, provenance = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    labels[-4:, -4:], provenance[-4:, -4:] = 5, 3
    empty_project.masks.save(photo_id, labels, provenance, "ann", None)
    item = Item(photo_id, empty_project.masks.head(photo_id).id, "g")
    train = TrainSet(WorkingPhotos(empty_project, None), [item], 9)
    crops = LabelledCrops(train, crop_plan(class_balanced=0.0, size=16))
    for step in range(10):
        assert (crops.draw(step, 0, 1)[1] == 4).any()


def test_batches(train):
    loader = Loader(LabelledCrops(train, crop_plan()), 4, torch.device("cpu"), workers=2)
    batch = loader.batch(0)
    assert batch.image.shape == (4, 3, 48, 48)
    assert batch.image.is_contiguous(memory_format=torch.channels_last)
    assert batch.image.dtype == torch.float32
    assert batch.image.abs().max() <= 1
    assert batch.target.shape == (4, 48, 48)
    assert batch.target.dtype == torch.uint8
    loader.resize(2)
    assert loader.batch(1).image.shape[0] == 2
    loader.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("crops")]


def test_unlabelled_crops_have_no_truth(project):
    ids = np.asarray(project.photos.ids("train"))
    image, target = UnlabelledCrops(WorkingPhotos(project, 64), ids, crop_plan()).draw(0, 0, 4)
    assert image.float().std() > 1
    assert (target == IGNORE).all()


def test_large_photos_are_mapped_not_read(tmp_path):
    cache = DecodedCache(tmp_path, limit=10**9)
    big = np.zeros((1500, 1500, 3), np.uint8)
    cache.get("big", lambda: big)
    assert isinstance(cache.get("big", lambda: big), np.memmap)


def test_mask_and_photo_stay_aligned_through_the_whole_path(project):
    """Every labelled pixel of class 3 in a crop has the colour the blob was painted with."""
    items = [Item(t.photo_id, t.revision_id, t.group) for t in project.masks.truth("train")]
    train = TrainSet(WorkingPhotos(project, None), items, 9)
    crops = LabelledCrops(train, crop_plan(class_balanced=1.0))
    for step in range(10):
        image, target = crops.draw(step, 0, 4)
        for value, red in ((3, 205), (6, 150)):
            if (target == value).sum() > 100:
                assert abs(image[0][target == value].float().mean().item() - red) < 12


def test_photos_without_exif_turns_and_with(tmp_path, tiny_folder):
    from trainer.project.project import Project

    source = tmp_path / "turned"
    source.mkdir()
    picture = Image.open(next(tiny_folder.photos.iterdir()))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(source / "a.jpg", exif=exif)
    with Project.create(tmp_path / "p") as project:
        project.registration.add_folder(source)
        photo_id = project.photos.ids()[0]
        assert WorkingPhotos(project, None).photo(photo_id).shape[:2] == (picture.width, picture.height)
