"""Scores on resamples against the same scores taken plainly."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.evaluation.metrics import class_scores, eight_class_dice, macro_dice, skin_or_not
from trainer.evaluation.scores.classification import classification_scores
from trainer.labels.classes import CLASS_SETS
from trainer.study.measures import MEASURES, Evidence, auc, average_precision, class_score

SKIN9 = CLASS_SETS["skin9"]


@pytest.fixture
def evidence():
    rng = np.random.default_rng(0)
    matrices = rng.integers(0, 50, (6, 9, 9))
    matrices[:, 8, :] = 0  # a class that is nowhere
    matrices[:, :, 8] = 0
    return Evidence(matrices, rng.random((6, 9)) < 0.5, rng.random((6, 9)))


def test_equal_weights_give_the_scores_of_the_whole_set(evidence):
    one, whole = np.ones((1, 6)), evidence.matrices.sum(0)
    value = {name: float(measure.of(evidence, one, SKIN9)[0]) for name, measure in MEASURES.items()}
    assert value["dice9"] == pytest.approx(float(macro_dice(whole)))
    assert value["dice8"] == pytest.approx(float(eight_class_dice(whole, SKIN9.uncertain)))
    assert value["dice2"] == pytest.approx(float(macro_dice(skin_or_not(whole, SKIN9.background))))
    assert value["iou"] == pytest.approx(np.nanmean(class_scores(whole).iou))
    assert value["recall"] == pytest.approx(np.nanmean(class_scores(whole).recall))


def test_identities_hold_for_every_class(evidence):
    whole = evidence.matrices.sum(0)
    dice = class_score(whole, "dice")
    np.testing.assert_allclose(class_score(whole, "iou"), dice / (2 - dice))
    assert np.isnan(dice[8])
    assert np.isnan(class_score(whole, "accuracy")[8])


def test_a_photo_that_counts_twice_is_there_twice(evidence):
    weights = np.array([[2.0, 0, 1, 0, 3, 1]])
    rows = [0, 0, 2, 4, 4, 4, 5]
    repeated = Evidence(evidence.matrices[rows], evidence.present[rows], evidence.confidence[rows])
    for name, measure in MEASURES.items():
        drawn, plain = measure.of(evidence, weights, SKIN9), measure.of(repeated, np.ones((1, 7)), SKIN9)
        assert drawn == pytest.approx(plain, nan_ok=True), name


def test_auc_and_ap_are_scikit_learns_also_with_ties():
    rng = np.random.default_rng(3)
    present, confidence = rng.random(30) < 0.4, rng.integers(0, 6, 30) / 5
    expected = classification_scores(present, confidence)
    one = np.ones((1, 30))
    assert float(auc(present, confidence, one)[0]) == pytest.approx(expected.auc)
    assert float(average_precision(present, confidence, one)[0]) == pytest.approx(expected.ap)


def test_a_class_that_is_everywhere_has_no_auc():
    assert np.isnan(auc(np.ones(4, bool), np.arange(4.0), np.ones((1, 4)))[0])
