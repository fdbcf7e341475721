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
