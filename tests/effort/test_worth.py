"""A suggestion is shown as far as it saves time on photos that the model has not learnt from."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.effort.worth import UNKNOWN, Worth, weigh
from trainer.labels.held_back import NOTHING, WHOLE

BACK, HAND, FOOT = 1, 4, 5
SHAPE = (100, 120)


def truth(index: int) -> np.ndarray:
    labels = np.full(SHAPE, BACK, np.uint8)
    labels[20:80, 10 + index : 50 + index] = HAND
    return labels


def sure(labels: np.ndarray, of: int = 230) -> np.ndarray:
    return np.full(labels.shape, of, np.uint8)


def test_what_is_right_is_shown_whole_and_what_it_leaves_to_do_is_said():
    found = weigh([(truth(i), sure(truth(i)), truth(i)) for i in range(4)])
    assert found is not None
    assert found.below == WHOLE
    assert not found.held_words
    assert found.share == found.whole
    assert found.share is not None
    assert found.share < 0.5
    assert found.photos == 4


def test_what_saves_nothing_is_not_shown():
    rng = np.random.default_rng(0)
    noise = [np.kron(rng.integers(1, 9, (10, 12)), np.ones((10, 10))).astype(np.uint8) for _ in range(4)]
    found = weigh([(noise[i], sure(noise[i]), truth(i)) for i in range(4)])
    assert found is not None
    assert found.below == NOTHING
    assert found.share == 1
    assert found.whole is not None
    assert found.whole > 0.95
    assert found.held_words.startswith(
        "its suggestions save 0% of the time on 4 validation photos: they are held"
    )


def test_a_part_that_is_unsure_and_wrong_is_held_back_and_the_rest_is_shown():
    rng, pairs = np.random.default_rng(1), []
    for index in range(4):
        labels = truth(index)
        confidence = sure(labels)
        patches = np.kron(rng.integers(4, 9, (16, 9)), np.ones((6, 6))).astype(np.uint8)
        labels[2:98, 64:118], confidence[2:98, 64:118] = patches, 110
        pairs.append((labels, confidence, truth(index)))
    found = weigh(pairs)
    assert found is not None
    assert 0.43 < found.below < 0.9
    assert found.share is not None
    assert found.whole is not None
    assert found.share < found.whole - 0.05


def test_few_photos_measure_nothing():
    assert weigh([(truth(0), sure(truth(0)), truth(0))] * 2) is None
    assert weigh([]) is None


@pytest.mark.parametrize("worth", [UNKNOWN, Worth(0.6, 0.5, 0.8, 8)])
def test_a_model_s_card_keeps_it_and_one_of_before_shows_everything(worth: Worth):
    assert Worth.from_card({"worth": worth.to_dict()}) == worth
    assert Worth.from_card({}) == UNKNOWN
    assert UNKNOWN.below == WHOLE
