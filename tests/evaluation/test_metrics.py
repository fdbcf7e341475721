"""Scores and their identities."""

import json

import numpy as np
import pytest

from trainer.evaluation.bootstrap import Bootstrap
from trainer.evaluation.metrics import (
    class_scores,
    confusion,
    eight_class_dice,
    interval,
    macro_dice,
    skin_or_not,
)
from trainer.evaluation.summary import score_photos
from trainer.labels.classes import CLASS_SETS

SKIN9 = CLASS_SETS["skin9"]


def random_matrices(photos=6, seed=0):
    return np.random.default_rng(seed).integers(0, 500, (photos, 9, 9))


def test_confusion_leaves_out_what_is_not_labelled():
    target = np.array([[0, 1, 255], [2, 1, 255]], np.uint8)
    prediction = np.array([[0, 2, 2], [2, 1, 0]], np.uint8)
    expected = [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert confusion(target, prediction, 3).tolist() == expected


def test_identities_between_the_scores():
    scores = class_scores(random_matrices().sum(0))
    f1 = 2 * scores.precision * scores.recall / (scores.precision + scores.recall)
    assert np.allclose(scores.dice, f1)
    assert np.allclose(scores.iou, scores.dice / (2 - scores.dice))


@pytest.mark.parametrize(
    ("iou", "f1", "consistent"),
    [(0.964, 0.969, False), (0.9403, 0.9692, True), (0.802, 0.908, False), (0.8315, 0.908, True)],
)
def test_the_identity_flags_a_printed_table_that_contradicts_itself(iou, f1, consistent):
    assert (abs(iou - f1 / (2 - f1)) < 0.002) == consistent


def test_absent_classes():
    matrix = confusion(np.array([[0, 0]], np.uint8), np.array([[0, 1]], np.uint8), 3)
    dice = class_scores(matrix).dice
    assert dice[1] == 0, "predicted but absent from the truth"
    assert np.isnan(dice[2]), "in neither"
    assert macro_dice(matrix) == pytest.approx((2 / 3 + 0) / 2)


def test_two_classes_merge_everything_that_is_skin():
    target = np.array([[0, 2, 3, 4]], np.uint8)
    prediction = np.array([[0, 3, 3, 0]], np.uint8)
    two = skin_or_not(confusion(target, prediction, 9), background=0)
    assert two.tolist() == [[1, 0], [1, 2]]


def test_eight_classes_ignore_pixels_of_doubt():
    target = np.array([[0, 0, 1, 1, 2]], np.uint8)
    prediction = np.array([[0, 0, 2, 1, 2]], np.uint8)
    matrix = confusion(target, prediction, 9)
    assert eight_class_dice(matrix, uncertain=1) == pytest.approx(1.0)
    assert macro_dice(matrix) < 1


def test_groups_are_drawn_whole():
    matrices = random_matrices(4)
    draws = Bootstrap(["a", "b", "a", "b"], 50).sums(matrices)
    a, b = matrices[0] + matrices[2], matrices[1] + matrices[3]
    allowed = {(2 * a).sum(), (2 * b).sum(), (a + b).sum()}
    assert {d.sum() for d in draws} == allowed


def test_sums_weights_and_a_second_drawing_agree_to_the_bit():
    matrices, groups = random_matrices(5), ["a", "b", "a", "c", "b"]
    drawn = Bootstrap(groups, 40, seed=3)
    assert np.array_equal(np.tensordot(drawn.weights(), matrices, axes=1), drawn.sums(matrices))
    times = np.random.default_rng(3).multinomial(3, [1 / 3] * 3, size=40)
    assert np.array_equal(drawn.weights(), times[:, [0, 1, 0, 2, 1]])
    assert np.array_equal(
        Bootstrap(groups, 40, np.random.default_rng(3)).sums(matrices), drawn.sums(matrices)
    )
    assert drawn.sums(matrices).dtype == matrices.dtype


def test_scores_of_a_class_against_the_rest():
    tn, fp, fn, tp = 50, 10, 5, 35
    scores = class_scores(np.array([[tn, fp], [fn, tp]]))
    assert scores.specificity[1] == tn / (tn + fp)
    assert scores.accuracy.tolist() == [(tn + tp) / 100] * 2
    assert scores.recall[1] == tp / (tp + fn)
    assert scores.precision[1] == tp / (tp + fp)


def test_one_group_has_an_interval_of_no_width():
    matrices = random_matrices(3)
    draws = Bootstrap(["a"] * 3, 100).sums(matrices)
    low, high = interval(macro_dice(draws))
    assert low == high == pytest.approx(macro_dice(matrices.sum(0)))


def test_evaluation_as_json():
    evaluation = score_photos(
        random_matrices(), list("aabbcd"), range(6), SKIN9, model="0001", split="val", draws=200
    )
    values = json.loads(json.dumps(evaluation.to_json(), allow_nan=False))
    assert set(values) == {
        "model", "split", "photos", "dice9", "dice8", "dice2", "iou9", "ci95", "per_class",
    }  # fmt: skip
    assert set(values["per_class"]["face"]) == {"dice", "iou", "precision", "recall", "photos"}
    low, high = values["ci95"]["dice9"]
    assert low <= values["dice9"] <= high
    assert set(evaluation.headline()) == {"dice9", "dice8", "dice2", "per_class"}


def test_a_class_without_score_is_null():
    matrices = random_matrices()
    matrices[:, 8, :] = 0
    matrices[:, :, 8] = 0
    values = score_photos(matrices, list("abcdef"), range(6), SKIN9, model="m", split="val", draws=100)
    assert values.to_json()["per_class"]["anogenital"]["dice"] is None
    assert values.headline()["per_class"]["anogenital"] is None
