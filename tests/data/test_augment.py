"""Photo and labels move together; colours change the photo only."""

import numpy as np
import torch

from trainer.data.augment import NO_AUGMENTATION, Strength, augmented_window, to_unit, window
from trainer.labels.values import IGNORE


def pair(height=60, width=80):
    """A photo whose red channel tells the class of each pixel."""
    target = np.zeros((height, width), np.uint8)
    target[10:40, 20:60] = 3
    target[30:, :15] = 7
    photo = np.full((height, width, 3), 100, np.uint8)
    photo[..., 0] = target * 20
    return photo, target


def test_outside_the_photo_is_white_and_ignored():
    photo, target = pair()
    image, mask = window(photo, target, (0, 0), 40)
    assert image.shape == (3, 40, 40)
    assert (image[:, :20] == 255).all()
    assert (mask[:, :20] == IGNORE).all()
    assert (mask[0, 20:, 20:].numpy() == target[:20, :20]).all()
    assert (image[0, 20:, 20:].numpy() == photo[:20, :20, 0]).all()


def test_a_centre_far_outside_gives_only_fill():
    image, mask = window(*pair(), (500, -500), 16)
    assert (image == 255).all()
    assert (mask == IGNORE).all()


def test_labels_follow_the_photo_through_every_transform():
    photo, target = pair()
    strength = Strength(vertical_flip=True, rotate=45, zoom=1.5, brightness=0, contrast=0, saturation=0)
    for seed in range(20):
        image, mask = augmented_window(photo, target, (30, 40), 48, strength, np.random.default_rng(seed))
        inside = mask != IGNORE
        assert inside.any()
        agree = (image[0].float() - mask.float() * 20).abs()[inside] < 10
        assert agree.float().mean() > 0.9  # edges are blurred by interpolation


def test_fill_after_rotation_is_never_a_class():
    photo, target = pair(30, 30)
    target[:] = 5
    photo[:] = 50
    strength = Strength(rotate=45, zoom=1.0, brightness=0, contrast=0, saturation=0)
    _, mask = augmented_window(photo, target, (15, 15), 30, strength, np.random.default_rng(1))
    assert set(mask.unique().tolist()) <= {5, IGNORE}


def test_colours_change_the_photo_only():
    photo, target = pair()
    still = {"flip": False, "rotate": 0, "zoom": 1}
    image, mask = augmented_window(photo, target, (30, 40), 48, Strength(**still), np.random.default_rng(0))
    plain, same = augmented_window(photo, target, (30, 40), 48, NO_AUGMENTATION, np.random.default_rng(0))
    assert torch.equal(mask, same)
    assert not torch.equal(image, plain)


def test_a_sample_depends_on_its_seed_alone():
    photo, target = pair()
    draw = [
        augmented_window(photo, target, (30, 40), 48, Strength(), np.random.default_rng(seed))[0]
        for seed in (1, 1, 2)
    ]
    assert torch.equal(draw[0], draw[1])
    assert not torch.equal(draw[0], draw[2])


def test_bytes_become_plus_minus_one():
    assert to_unit(torch.tensor([0, 255], dtype=torch.uint8)).tolist() == [-1, 1]
