"""Whole photos in the network's square: squashed or padded, the same way in training and prediction."""

import numpy as np
import pytest
import torch

from trainer.data.augment import NO_AUGMENTATION, Strength, augmented_window, window
from trainer.data.crops import CropPlan, LabelledCrops, UnlabelledCrops
from trainer.data.fit import fit_photo, fit_target, fitted_shape, middle, place_in
from trainer.data.photo_cache import WorkingPhotos
from trainer.data.trainset import Item, TrainSet
from trainer.inference.predictor import Predictor
from trainer.labels.values import IGNORE
from trainer.networks.segmenters import Segmenter


def plan(**changes):
    values = {"size": 48, "batch": 4, "strength": NO_AUGMENTATION, "class_balanced": 0.0}
    return CropPlan(**{**values, "newest_share": 0.0, "seed": 3, **changes})


def quarters(height, width):
    """A photo and target whose upper left quarter is red and of class 1."""
    photo, target = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    photo[: height // 2, : width // 2, 0] = 255
    target[: height // 2, : width // 2] = 1
    return photo, target


@pytest.mark.parametrize(("fit", "expected"), [("crop", (40, 100)), ("squash", (64, 64)), ("pad", (26, 64))])
def test_shapes(fit, expected):
    photo, target = quarters(40, 100)
    assert fitted_shape(40, 100, fit, 64) == expected
    assert fit_photo(photo, fit, 64).shape == (*expected, 3)
    assert fit_target(target, fit, 64).shape == expected


def test_a_small_photo_grows_to_the_square_and_one_that_fits_is_left_alone():
    photo, _ = quarters(20, 30)
    assert fit_photo(photo, "pad", 60).shape == (40, 60, 3)
    same, _ = quarters(64, 64)
    assert fit_photo(same, "squash", 64) is same


@pytest.mark.parametrize("shape", [(64, 20), (21, 64), (64, 64), (1, 64), (63, 63)])
@pytest.mark.parametrize("size", [64, 65])
def test_the_place_in_the_square_is_where_training_puts_it(shape, size):
    photo = np.full((*shape, 3), 7, np.uint8)
    square, _ = window(photo, np.zeros(shape, np.uint8), middle(shape), size)
    rows, columns = place_in(shape, size)
    inside = np.zeros((size, size), bool)
    inside[rows, columns] = True
    assert inside.sum() == shape[0] * shape[1]
    assert ((square[0].numpy() == 7) == inside).all()


@pytest.mark.parametrize("fit", ["squash", "pad"])
def test_the_whole_photo_is_in_every_crop(fit):
    photo, target = quarters(40, 80)
    image, mask = plan(fit=fit).cut(photo, target, None, np.random.default_rng(0))
    assert image.shape == (3, 48, 48)
    expected = 0.25 * (1.0 if fit == "squash" else 0.5)
    assert (mask == 1).float().mean().item() == pytest.approx(expected, abs=0.01)
    assert (mask == IGNORE).float().mean().item() == pytest.approx(0 if fit == "squash" else 0.5)
    assert (image[:, mask == IGNORE] == 255).all()
    assert (image[0][mask == 1] > 120).all()


def test_a_squashed_crop_does_not_follow_the_wanted_class(project):
    items = [Item(t.photo_id, t.revision_id, t.group) for t in project.masks.truth("train")]
    train = TrainSet(WorkingPhotos(project, 64), items[:1], 9)
    crops = [LabelledCrops(train, plan(fit="squash", class_balanced=share)).draw(0, 0, 1) for share in (0, 1)]
    assert torch.equal(crops[0][1], crops[1][1])


def test_unlabelled_photos_are_fitted_too(project):
    photos = WorkingPhotos(project, 64)
    photo_id = project.photos.ids("train")[0]
    image, mask = UnlabelledCrops(photos, np.asarray([photo_id]), plan(fit="squash")).draw(0, 0, 1)
    expected = fit_photo(photos.photo(photo_id), "squash", 48)
    assert (image.movedim(0, -1).numpy() == expected).all()
    assert (mask == IGNORE).all()


def test_uniform_centres_reach_the_very_border_and_inside_ones_do_not():
    photo, target = np.zeros((100, 100, 3), np.uint8), np.zeros((100, 100), np.uint8)

    def outside(centres):
        crops = [plan(centres=centres).cut(photo, target, None, np.random.default_rng(s)) for s in range(60)]
        return [(mask == IGNORE).float().mean().item() for _, mask in crops]

    assert max(outside("inside")) == 0
    shares = outside("uniform")
    assert max(shares) > 0.4  # a corner alone is inside: up to three quarters are not
    assert max(shares) < 0.76  # the centre itself always is
    assert np.mean(shares) == pytest.approx(1 - 0.88**2, abs=0.06)  # each side: 1 - 24 / 2 / 100 is inside


def test_a_shift_moves_photo_and_labels_alike_and_stays_within_its_share():
    photo, target = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8)
    photo[32, 32], target[32, 32] = 200, 1
    still = {"flip": False, "rotate": 0, "zoom": 1, "brightness": 0, "contrast": 0, "saturation": 0}
    places = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        image, mask = augmented_window(photo, target, (32, 32), 64, Strength(**still, shift=0.2), rng)
        assert image[0][mask == 1].tolist() == [200]
        places.append((mask == 1).nonzero()[0].tolist())
    moves = np.abs(np.asarray(places) - 32)
    assert moves.max() in (12, 13)  # .2 * 64 = 12.8
    assert moves.mean() == pytest.approx(6.4, abs=0.6)


def test_shift_and_blur_leave_the_other_draws_as_they_were():
    photo = np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8)
    target = (photo[..., 0] > 128).astype(np.uint8)
    plain = augmented_window(photo, target, (40, 40), 48, Strength(), np.random.default_rng(5))
    blurred = augmented_window(photo, target, (40, 40), 48, Strength(blur=2.0), np.random.default_rng(5))
    assert torch.equal(plain[1], blurred[1])
    assert blurred[0].float().std() < 0.8 * plain[0].float().std()


@pytest.mark.parametrize("turn", [90, 135, 180])
def test_a_turned_crop_shows_more_of_the_photo_instead_of_fill(turn):
    photo, target = np.zeros((300, 300, 3), np.uint8), np.zeros((300, 300), np.uint8)
    for seed in range(30):
        _, mask = augmented_window(
            photo, target, (150, 150), 64, Strength(rotate=turn, zoom=1.0), np.random.default_rng(seed)
        )
        assert (mask == 0).all()


def test_brightness_may_be_a_range_of_factors():
    photo, target = np.full((32, 32, 3), 100, np.uint8), np.zeros((32, 32), np.uint8)
    still = {"flip": False, "rotate": 0, "zoom": 1, "contrast": 0, "saturation": 0}
    strength = Strength(**still, brightness=(0.8, 1.5))
    values = [
        augmented_window(photo, target, (16, 16), 32, strength, np.random.default_rng(s))[0].float().mean()
        for s in range(100)
    ]
    assert 80 <= min(values) < 88
    assert 142 < max(values) <= 150


class ByPlace(torch.nn.Module):
    """Class 1 where red; remembers what it was shown."""

    def forward(self, x):
        self.seen = x
        red = x[:, 0] * 0.229 + 0.485
        return 20 * torch.stack([0.5 - red, red - 0.5], dim=1)


@pytest.mark.parametrize("fit", ["squash", "pad"])
@pytest.mark.parametrize("shape", [(90, 140), (300, 200), (31, 40)])
def test_prediction_shows_the_network_what_training_did(fit, shape):
    photo, target = quarters(*shape)
    network = ByPlace()
    predictor = Predictor(Segmenter(network, "test", "none", 2), "cpu", 140, fit=fit, size=64)
    result = predictor.predict(photo)
    assert result.labels.shape == shape
    assert (result.labels - 1 == target).mean() > 0.97
    assert network.seen.shape == (1, 3, 64, 64)
    if max(shape) <= 140:  # training would see the same pixels
        crop, _ = plan(fit=fit, size=64).cut(photo, target, None, np.random.default_rng(0))
        seen = (network.seen[0, 0] * 0.229 + 0.485) * 255
        assert torch.allclose(seen, crop[0].float(), atol=0.01)
    classes = predictor.classes_of(photo)
    assert classes.shape == shape
    assert (classes == target).mean() > 0.97
