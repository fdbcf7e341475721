"""From runs with known differences to verdicts."""

from __future__ import annotations

import pytest
from tiny_study import TWO, made_run

from trainer.study.arms import Claim
from trainer.study.verdicts import verdicts_of

CLAIM = Claim("a beats b", "a", "b", "recall", ".9 against .8")


def pairs(gains, base=60, photos=30, **options):
    """Runs of b with `base` hits and of a with as many more as each seed gains."""
    runs = []
    for seed, gain in enumerate(gains):
        hits = [base + i % 5 for i in range(photos)]
        runs.append(made_run("b", seed, hits, **options))
        runs.append(made_run("a", seed, [hit + gain for hit in hits], **options))
    return runs


def test_a_steady_gain_is_reproduced():
    (verdict,) = verdicts_of([CLAIM], pairs([4, 5, 6]), TWO, [1.0], draws=500)
    assert verdict.verdict == "reproduced"
    assert verdict.estimate.value == pytest.approx(0.05)
    assert verdict.estimate.low > 0
    assert verdict.photos == 30


def test_a_steady_loss_is_not_reproduced():
    (verdict,) = verdicts_of([CLAIM], pairs([-4, -5, -6]), TWO, [1.0], draws=500)
    assert verdict.verdict == "not reproduced"
    assert "worse" in verdict.why


def test_beating_an_arm_that_found_nothing_proves_nothing():
    (verdict,) = verdicts_of([CLAIM], pairs([60, 62, 61], base=0, photos=1), TWO, [1.0], draws=500)
    assert verdict.verdict == "undecided"
    assert "b called everything background" in verdict.why


def test_a_gain_below_the_margin_is_not_reproduced():
    runs = pairs([0, 0, 0])
    runs[-1].evidence.matrices[0, 1] += (-1, 1)  # one pixel in all
    (verdict,) = verdicts_of([CLAIM], runs, TWO, [1.0], draws=500)
    assert verdict.verdict == "not reproduced"
    assert "below 0.01" in verdict.why


def test_arms_that_do_the_same_prove_nothing():
    (verdict,) = verdicts_of([CLAIM], pairs([0, 0, 0]), TWO, [1.0], draws=500)
    assert verdict.verdict == "undecided"
    assert verdict.why == "both arms do the same here, so it cannot be tested on these photos"
    assert verdict.seeds_needed is None


def test_a_difference_that_points_the_other_way_is_said_to():
    (verdict,) = verdicts_of([CLAIM], pairs([6, -3, -9]), TWO, [1.0], draws=500)
    assert verdict.verdict == "undecided"
    needed = f"{verdict.seeds_needed} seeds needed to call it"
    assert verdict.why == f"the difference points the other way; {needed}"


def test_seeds_that_disagree_leave_it_open_and_say_how_many_are_needed():
    (verdict,) = verdicts_of([CLAIM], pairs([-6, 3, 9]), TWO, [1.0], draws=500)
    assert verdict.verdict == "undecided"
    assert verdict.seeds_needed > 3
    assert verdict.why == f"{verdict.seeds_needed} seeds needed"


def test_two_seeds_are_not_enough_however_clear():
    (verdict,) = verdicts_of([CLAIM], pairs([20, 20]), TWO, [1.0], draws=500)
    assert (verdict.verdict, verdict.seeds_needed) == ("undecided", 3)


def test_a_claim_without_runs_is_left_out_and_does_not_count_for_holm():
    missing = Claim("c beats b", "c", "b", "recall")
    verdicts = verdicts_of([CLAIM, missing], pairs([4, 5, 6]), TWO, [1.0], draws=500)
    assert [v.claim.text for v in verdicts] == ["a beats b"]
    assert verdicts[0].p_holm == verdicts[0].estimate.p


def test_holm_counts_the_claims_that_were_judged():
    both = verdicts_of([CLAIM, CLAIM], pairs([4, 5, 6]), TWO, [1.0], draws=500)
    assert both[0].p_holm == pytest.approx(2 * both[0].estimate.p)


def test_only_whole_pairs_are_compared():
    runs = pairs([4, 5, 6, 7])
    runs = [run for run in runs if not (run.arm == "a" and run.seed == 3)]
    (verdict,) = verdicts_of([CLAIM], runs, TWO, [1.0], draws=500)
    assert verdict.estimate.seeds == 3


def test_a_claim_about_few_labels_looks_at_those_alone():
    runs = pairs([10, 10, 11], labels=0.1) + pairs([0, 0, 1], labels=1.0)
    few = Claim("a beats b with few labels", "a", "b", "recall", labels=(0.1,))
    verdicts = verdicts_of([CLAIM, few], runs, TWO, [0.1, 1.0], draws=500)
    assert verdicts[0].labels == (0.1, 1.0)
    assert verdicts[1].labels == (0.1,)
    assert verdicts[1].estimate.value == pytest.approx(31 / 300)
    assert verdicts[0].estimate.value == pytest.approx(32 / 600)


def test_photos_that_one_run_could_not_read_are_left_out_for_all():
    runs = pairs([4, 5, 6])
    short = made_run("a", 0, [90] * 20)
    runs = [short if (run.arm, run.seed) == ("a", 0) else run for run in runs]
    (verdict,) = verdicts_of([CLAIM], runs, TWO, [1.0], draws=500)
    assert verdict.photos == 20
