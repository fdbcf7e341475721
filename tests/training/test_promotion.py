"""The gate."""

import numpy as np
import pytest

from trainer.settings.gate import GateSettings
from trainer.training.promotion import compare_with_served

NAMES = ("background", "hand", "face")
GATE = GateSettings()


def photos(errors, count=20, pixels=1000, seed=0):
    """Matrices of photos whose class i loses about the share errors[i] to the next class."""
    rng = np.random.default_rng(seed)
    matrices = np.zeros((count, 3, 3), np.int64)
    for matrix in matrices:
        for i, share in enumerate(errors):
            wrong = rng.binomial(pixels, share)
            matrix[i, i], matrix[i, (i + 1) % 3] = pixels - wrong, wrong
    return matrices


def gate(candidate, served, lane="full", **more):
    groups = [f"g{i}" for i in range(len(candidate))]
    return compare_with_served(candidate, served, groups, NAMES, lane=lane, gate=GATE, **more)


def test_a_better_model_is_served_and_the_reason_has_the_figures():
    decision = gate(photos([0.1, 0.1, 0.1]), photos([0.3, 0.3, 0.3], seed=1))
    assert decision.promote
    assert not decision.provisional
    assert decision.why == "served: validation Dice 0.70 -> 0.90"
    assert decision.delta == pytest.approx(0.2, abs=0.02)
    assert decision.interval[0] <= decision.delta <= decision.interval[1]


def test_a_worse_model_is_kept_back_and_the_class_is_named():
    decision = gate(photos([0.1, 0.3, 0.1]), photos([0.1, 0.1, 0.1], seed=1))
    assert not decision.promote
    assert decision.why.startswith("kept the old one: validation Dice")
    assert "hand got worse by 0." in decision.why


def test_the_same_model_again_is_served():
    same = photos([0.2, 0.2, 0.2])
    for lane in ("fast", "full"):
        assert gate(same, same, lane).promote


def test_one_class_must_not_pay_for_the_others():
    decision = gate(photos([0.02, 0.3, 0.02]), photos([0.02, 0.1, 0.5], seed=1))
    assert decision.delta > 0
    assert not decision.promote
    assert "hand got worse" in decision.why


def test_a_fast_round_is_judged_more_leniently():
    served = photos([0.2, 0.2, 0.2], count=12)
    candidate = served.copy()
    for matrix, change in zip(candidate, [20, -20] * 6, strict=True):
        for i in range(3):
            matrix[i, i] += change
            matrix[i, (i + 1) % 3] -= change
    fast, full = gate(candidate, served, "fast"), gate(candidate, served, "full")
    assert fast.interval[0] > full.interval[0]
    assert fast.promote
    assert not full.promote
    assert "may be worse" in full.why


def test_small_losses_do_not_add_up_against_the_best_so_far():
    best = photos([0.05, 0.05, 0.05])
    served = photos([0.12, 0.12, 0.12], seed=1)
    decision = gate(served, served, anchor=best)
    assert not decision.promote
    assert "best so far" in decision.why


def swayed(served, by):
    """The served model's matrices, better on one photo and worse on the next, by `by` pixels a class."""
    candidate = served.copy()
    for matrix, change in zip(candidate, [by, -by] * (len(served) // 2), strict=True):
        for i in range(3):
            matrix[i, i] += change - by // 10
            matrix[i, (i + 1) % 3] -= change - by // 10
    return candidate


def test_a_probe_with_the_newest_masks_is_served_where_nothing_says_that_it_is_worse():
    served = photos([0.3, 0.3, 0.3], count=8)
    candidate = swayed(served, 100)
    assert not gate(candidate, served, "probe").promote
    newest = gate(candidate, served, "probe", succeeds=True)
    assert newest.promote
    assert newest.delta < -0.005
    assert newest.why.endswith("-> 0.69: it knows the newest masks, and is not surely worse")
    assert gate(candidate, served, "probe", anchor=served, succeeds=True).promote


@pytest.mark.parametrize("lost", [0.05, 0.3])
def test_a_probe_with_the_newest_masks_is_kept_back_where_it_is_surely_worse(lost):
    served = photos([0.1, 0.1, 0.1], count=8)
    candidate = photos([0.1 + lost] * 3, count=8, seed=1)
    assert not gate(candidate, served, "probe", succeeds=True).promote
    drifted = gate(candidate, candidate, "probe", anchor=served, succeeds=True)
    assert not drifted.promote
    assert "best so far" in drifted.why


def test_a_probe_that_falls_by_ten_points_is_kept_back_though_photos_differ_much():
    served = photos([0.3, 0.3, 0.3], count=8)
    candidate = swayed(served, 200)
    for matrix in candidate[1::2]:
        matrix[:] = np.roll(matrix, 1, axis=1)
    decision = gate(candidate, served, "probe", succeeds=True)
    assert decision.delta < -0.1
    assert decision.interval[1] > 0
    assert not decision.promote


def test_a_probe_that_stays_within_the_margins_of_the_best_is_served_and_below_ten_points_not():
    served = photos([0.3, 0.3, 0.3])
    best = served.copy()
    for i in range(3):  # surely better, by .003
        best[:, i, i] += 3
        best[:, i, (i + 1) % 3] -= 3
    for succeeds in (False, True):
        assert gate(served, served, "probe", anchor=best, succeeds=succeeds).promote
    fallen = photos([0.0, 0.0, 0.0])
    fallen[::2] = np.roll(served[::2], 1, axis=2)
    decision = gate(fallen, fallen, "probe", anchor=served, succeeds=True)
    assert not decision.promote
    assert "best so far" in decision.why


def test_on_few_photos_the_newest_probe_may_fall_as_far_as_elsewhere():
    candidate, served = photos([0.18] * 3, count=3), photos([0.1] * 3, count=3)
    assert not gate(candidate, served, "probe").promote
    assert gate(candidate, served, "probe", succeeds=True).promote
    assert not gate(photos([0.25] * 3, count=3), served, "probe", succeeds=True).promote


@pytest.mark.parametrize(("count", "words"), [(0, "no labelled"), (1, "1 labelled"), (4, "4 labelled")])
def test_too_few_validation_photos_make_it_provisional(count, words):
    decision = gate(photos([0.11, 0.11, 0.11], count=count), photos([0.1, 0.1, 0.1], count=count))
    assert decision.promote
    assert decision.provisional
    assert words in decision.why


@pytest.mark.parametrize("count", [1, 4])
def test_few_validation_photos_suffice_to_turn_a_much_worse_model_down(count):
    decision = gate(photos([0.5, 0.5, 0.5], count=count), photos([0.1, 0.1, 0.1], count=count))
    assert not decision.promote
    assert decision.why.startswith("kept the old one: validation Dice")


def test_the_first_model_is_served():
    decision = gate(photos([0.5, 0.5, 0.5]), None)
    assert decision.promote
    assert "first model" in decision.why


def test_the_decision_is_reproducible():
    a, b = photos([0.2, 0.1, 0.2]), photos([0.2, 0.12, 0.2], seed=5)
    assert gate(a, b) == gate(a, b)
