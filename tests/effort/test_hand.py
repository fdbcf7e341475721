"""The simulated hand on arrays: it mends what is wrong, pays by the literature, and pairs every photo."""

from __future__ import annotations

import numpy as np
import pytest
from effort_truth import person

from trainer.effort.costs import CONSTANT_SPEED, STEERING
from trainer.effort.hand import LEAST, Hand
from trainer.effort.strokes import Stroke, best_stroke
from trainer.effort.tools import Tools


def test_unknown_pixels_are_never_wrong():
    labels, truth = np.full((40, 40), 2, np.uint8), np.zeros((40, 40), np.uint8)
    assert best_stroke(labels, truth, 1) is None
    truth[10:20, 10:30] = 5
    stroke = best_stroke(labels, truth, 1)
    assert stroke.value == 5
    assert stroke.gain > 150


def test_a_ring_is_not_mended_by_covering_what_it_surrounds():
    truth = np.ones((80, 80), np.uint8)
    truth[10:70, 10:70] = 4
    truth[16:64, 16:64] = 2
    labels = truth.copy()
    labels[truth == 4] = 1
    stroke = best_stroke(labels, truth, 5)
    assert stroke is None or stroke.gain > 0


def test_a_patch_of_the_wrong_class_costs_one_click_and_no_way():
    truth = person((90, 120))
    labels = truth.copy()
    labels[truth == 7] = 4
    stroke = best_stroke(labels, truth, least=5)
    assert stroke.fills
    assert stroke.value == 7
    assert stroke.length == 0
    assert stroke.gain == (truth == 7).sum()


def test_a_part_in_pieces_is_drawn_anew_rather_than_mended_piece_by_piece():
    truth = person((90, 120))
    labels = truth.copy()
    labels[:, ::8][truth[:, ::8] == 7] = 1
    stroke = best_stroke(labels, truth, least=5)
    assert stroke.value == 7
    assert stroke.gain > 0.9 * (labels != truth).sum()


def square(side: float, width: float = 0.0) -> Stroke:
    corners = np.array([[0, 0], [0, side], [side, side], [side, 0]], float)
    return Stroke(2, corners, width, 1)


def test_an_outline_to_the_pixel_is_slow_and_a_wide_sweep_fast():
    narrow, wide = (STEERING.of(square(50, width), 400) for width in (0.0, 40.0))
    assert narrow == pytest.approx(STEERING.aim + 0.1 * 200 / 2)
    assert wide == pytest.approx(STEERING.aim + 0.1 * 150 / 20)
    assert CONSTANT_SPEED.of(square(50), 400) == pytest.approx(1.5 + 200 * 2.5 / 250)


def test_a_click_costs_its_aim():
    click = Stroke(2, np.zeros((1, 2)), 0.0, 9, fills=True)
    assert STEERING.of(click, 400) == STEERING.aim


def test_seconds_are_in_the_range_of_published_times():
    """79 s for a polygon of COCO (Lin et al. 2014), 240 s for all labels of a photo (Bearman et al. 2016)."""
    assert 20 < Hand().seconds_from_nothing(person((400, 300))) < 240


def test_what_is_right_costs_a_look_and_what_is_nearly_right_little_more():
    truth = person((400, 300))
    wrong = truth.copy()
    wrong[truth == 7] = 4
    assert Hand().seconds(truth, truth) == STEERING.look
    assert Hand().seconds(wrong, truth) == STEERING.look + STEERING.aim
    assert Hand().seconds(wrong, truth) < 0.2 * Hand().seconds_from_nothing(truth)


def test_a_suggestion_that_is_all_wrong_costs_little_more_than_none():
    truth = person((400, 300))
    noise = np.random.default_rng(0).integers(1, 10, (40, 30), np.uint8).repeat(10, 0).repeat(10, 1)
    assert Hand().seconds(noise, truth) <= Hand().seconds_from_nothing(truth) + 2 * STEERING.aim


def test_the_truth_is_not_touched():
    truth = person((90, 120))
    before = truth.copy()
    Hand().seconds(np.zeros_like(truth), truth)
    assert (truth == before).all()


def test_a_scribble_is_tried_kept_where_it_helps_and_undone_where_it_does_not():
    truth = person((400, 300))
    calls = []

    def all_of_it(labels, painted):
        calls.append(int(painted.sum()))
        return truth.copy()

    def nothing_more(labels, painted):
        calls.append(int(painted.sum()))
        return np.ones_like(labels)

    alone = Hand().seconds_from_nothing(truth)
    assert Hand().seconds_from_nothing(truth, Tools(follow=all_of_it)) < 0.3 * alone
    assert len(calls) == 1
    assert 0 < calls[0] < 0.05 * truth.size
    calls.clear()
    labels = np.ones_like(truth)
    refused = Hand()._mend(labels.copy(), truth, Tools(follow=nothing_more))
    assert len(calls) == 1, "what was refused is not tried again on the same photo"
    assert 0 < refused - Hand()._mend(labels.copy(), truth) < 5


def test_a_scribble_that_nothing_follows_is_taken_back_whatever_it_has_painted_itself():
    truth = person((400, 300))
    calls = []

    def nothing(labels, painted):
        calls.append(int((painted & (labels == truth)).sum()))
        return labels

    tried = Hand()._mend(np.ones_like(truth), truth, Tools(follow=nothing))
    assert len(calls) == 1
    assert calls[0] > LEAST * truth.size
    assert 0 < tried - Hand()._mend(np.ones_like(truth), truth) < 5
