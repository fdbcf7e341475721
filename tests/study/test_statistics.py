"""The statistics against textbook figures and against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from trainer.evaluation.bootstrap import Bootstrap
from trainer.study.statistics import holm, seeds_needed, two_level_bootstrap


def constant(value):
    return lambda weights: np.full(len(weights), value)


def weighted(values):
    values = np.asarray(values, float)
    return lambda weights: weights @ values / weights.sum(1)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.2, math.nan, 0.01])[0] == pytest.approx(0.2)
    assert math.isnan(holm([0.2, math.nan])[1])


def test_a_seed_spread_of_two_points_needs_4_8_and_about_31_seeds_for_3_2_and_1_points():
    assert [seeds_needed(0.02, effect) for effect in (0.03, 0.02, 0.01)] == [4, 8, 32]


def test_no_number_of_seeds_mends_too_few_photos():
    assert seeds_needed(0.02, 0.02, photo_sd=0.008) is None
    assert seeds_needed(0.02, 0.03, photo_sd=0.005) > 4


@pytest.mark.parametrize("seeds", [3, 5])
def test_the_interval_holds_the_truth_in_about_95_of_100_cases_though_seeds_are_few(seeds):
    rng = np.random.default_rng(0)
    held, false_alarms, trials = 0, 0, 400
    for trial in range(trials):
        per_seed = [constant(value) for value in rng.normal(0, 1, seeds)]
        found = two_level_bootstrap(per_seed, ["a", "b"], draws=1000, seed=trial)
        held += found.low <= 0 <= found.high
        false_alarms += found.p < 0.05
    assert 0.91 < held / trials < 0.98
    assert false_alarms / trials < 0.08


def test_without_photo_noise_p_is_students_paired_t():
    values = [0.03, 0.01, 0.05, 0.02]
    found = two_level_bootstrap([constant(v) for v in values], ["a", "b", "c"], draws=200)
    assert found.p == pytest.approx(stats.ttest_1samp(values, 0).pvalue)
    assert found.value == pytest.approx(np.mean(values))
    assert found.seed_sd == pytest.approx(np.std(values, ddof=1))


def test_photos_of_one_group_are_drawn_together():
    weights = Bootstrap(["a", "b", "a", "c"], 500).weights()
    assert weights.shape == (500, 4)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert not (weights[:, 0] == weights[:, 1]).all()


def test_what_is_common_to_a_pair_does_not_widen_its_interval():
    rng = np.random.default_rng(1)
    hardness = rng.normal(0.6, 0.2, 40)
    gain = 0.02 + rng.normal(0, 0.005, 40)
    groups = [str(i) for i in range(40)]
    paired = two_level_bootstrap([weighted(gain)] * 3, groups, draws=2000)
    alone = two_level_bootstrap([weighted(hardness + gain)] * 3, groups, draws=2000)
    assert paired.low > 0.01
    assert alone.high - alone.low > 10 * (paired.high - paired.low)


def test_equal_runs_differ_by_nothing_surely():
    found = two_level_bootstrap([constant(0.0)] * 3, ["a", "b"], draws=100)
    assert (found.value, found.low, found.high, found.p) == (0, 0, 0, 1)


def test_a_measure_without_value_gives_none():
    found = two_level_bootstrap([constant(math.nan)] * 3, ["a", "b"], draws=100)
    assert math.isnan(found.low)
    assert math.isnan(found.p)
