"""Skin tones of colours whose CIELAB is known."""

import math

import numpy as np
import pytest
from counted import LESION, card_of

from trainer.evaluation.scores.skin_tone import bin_of, skin_tone
from trainer.labels.classes import CLASS_SETS


def photo_of(colour, size=20):
    return np.full((size, size, 3), colour, np.uint8)


@pytest.mark.parametrize(
    ("colour", "lab", "name"),
    [
        ((255, 218, 185), (89.35, 21.03), "very light"),  # peachpuff
        ((210, 180, 140), (74.98, 24.43), "light"),  # tan
        ((139, 69, 19), (37.47, 40.98), "brown"),  # saddlebrown
        ((255, 0, 0), (53.24, 67.20), "brown"),
        ((0, 0, 0), (0.0, 0.0), "dark"),
    ],
)
def test_angle_of_known_colours(colour, lab, name):
    angle = skin_tone(photo_of(colour), np.ones((20, 20), bool))
    assert angle == pytest.approx(math.degrees(math.atan2(lab[0] - 50, lab[1])), abs=0.1)
    assert bin_of(angle) == name


def test_only_skin_counts_and_a_few_odd_pixels_do_not():
    photo = photo_of((0, 0, 255), 40)
    photo[:, 20:] = (255, 218, 185)
    skin = np.zeros((40, 40), bool)
    skin[:, 20:] = True
    expected = skin_tone(photo_of((255, 218, 185)), np.ones((20, 20), bool))
    photo[:3, 25:30] = 0
    assert skin_tone(photo, skin) == pytest.approx(expected)


def test_too_little_skin_says_nothing():
    skin = np.zeros((20, 20), bool)
    skin[0, :9] = True
    assert math.isnan(skin_tone(photo_of((200, 150, 120)), skin))
    assert bin_of(math.nan) is None


def test_only_classes_of_skin_have_a_tone():
    assert {name for name, classes in CLASS_SETS.items() if classes.shows_skin} == {"skin9"}
    assert [CLASS_SETS[name].foreground for name in ("skin9", "lesion", "podocyte")] == [
        *("skin", "lesion", "foreground")
    ]
    assert not math.isnan(card_of().photos[0].tone)
    assert math.isnan(card_of(LESION).photos[0].tone)
    assert card_of(LESION).parts["tone"] == []


@pytest.mark.parametrize(
    ("angle", "name"),
    [(55.1, "very light"), (55, "light"), (41, "intermediate"), (28, "tan"), (10, "brown"), (-30, "dark")],
)
def test_bins(angle, name):
    assert bin_of(angle) == name
