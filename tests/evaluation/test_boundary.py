"""Outlines: distances that can be counted by hand, and the rules for what is not there."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from trainer.evaluation.scores.boundary import boundary_scores, outline
from trainer.labels.values import IGNORE


def square(top, left, side=20, size=60, value=1):
    mask = np.zeros((size, size), np.uint8)
    mask[top : top + side, left : left + side] = value
    return mask


def test_the_outline_is_what_touches_something_else_or_the_end_of_the_photo():
    assert outline(square(5, 5, 4) == 1).sum() == 12
    assert outline(np.ones((5, 4), bool)).sum() == 14


def test_the_same_mask_is_perfect():
    scores = boundary_scores(square(5, 5), square(5, 5), 3)
    assert scores.nsd[:2].tolist() == [1, 1]
    assert scores.hd95[:2].tolist() == [0, 0]
    assert np.isnan([scores.nsd[2], scores.hd95[2]]).all(), "in neither mask"


def test_a_shift_within_the_tolerance_costs_nothing():
    scores = boundary_scores(square(10, 10), square(10, 12), 2)
    assert scores.nsd[1] == 1
    assert scores.hd95[1] == 2


def test_a_square_shifted_by_five_counted_by_hand():
    # Of the 76 pixels of an outline, 17 of the upper and of the lower side are within 2 (15 lie on the other
    # outline, 2 are 1 and 2 away), and 4 of the side that lies inside the other square.
    scores = boundary_scores(square(10, 10), square(10, 15), 2)
    assert scores.nsd[1] == pytest.approx((17 + 17 + 4) / 76)
    assert scores.hd95[1] == 5
    strict = boundary_scores(square(10, 10), square(10, 15), 2, tolerance=0)
    assert strict.nsd[1] == pytest.approx((15 + 15) / 76)


def test_the_same_as_measuring_every_pair_of_outline_pixels():
    random = np.random.default_rng(3)
    truth, guess = (random.integers(0, 3, (24, 30)).astype(np.uint8) for _ in range(2))
    scores = boundary_scores(truth, guess, 3, tolerance=1)
    for index in range(3):
        distances = cdist(np.argwhere(outline(truth == index)), np.argwhere(outline(guess == index)))
        there, back = distances.min(1), distances.min(0)
        near = (there <= 1).sum() + (back <= 1).sum()
        assert scores.nsd[index] == pytest.approx(near / (len(there) + len(back)))
        assert scores.hd95[index] == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))


@pytest.mark.parametrize("missed", [True, False])
def test_a_class_in_one_mask_only_is_as_far_off_as_can_be(missed):
    masks = [square(10, 10), np.zeros((60, 60), np.uint8)]
    scores = boundary_scores(*(masks if missed else masks[::-1]), 2)
    assert scores.nsd[1] == 0
    assert scores.hd95[1] == pytest.approx(np.hypot(60, 60))


def test_what_nobody_labelled_is_not_looked_at():
    truth, guess = square(10, 10), square(10, 10)
    guess[40:, :] = 1
    truth[40:, :] = IGNORE
    assert boundary_scores(truth, guess, 2).nsd[1] == 1
    nothing = boundary_scores(np.full((9, 9), IGNORE, np.uint8), np.ones((9, 9), np.uint8), 2)
    assert np.isnan(nothing.nsd).all()


def test_pixels_mean_the_same_on_a_larger_photo():
    small = boundary_scores(square(100, 100, 400, 1024), square(100, 103, 400, 1024), 2)
    large = boundary_scores(square(200, 200, 800, 2048), square(200, 206, 800, 2048), 2)
    assert large.nsd == pytest.approx(small.nsd, abs=1e-6)
    assert large.hd95 == pytest.approx(small.hd95)
