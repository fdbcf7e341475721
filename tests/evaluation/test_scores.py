"""Headline scores by hand, intervals that draw groups, and answers about whole photos."""

import numpy as np
import pytest

from trainer.errors import SkinsegError
from trainer.evaluation.bootstrap import Bootstrap
from trainer.evaluation.metrics import class_scores, interval, macro, skin_or_not
from trainer.evaluation.scores.breakdown import by_folder, by_main_class, by_tone, main_classes
from trainer.evaluation.scores.classification import classification_scores
from trainer.evaluation.scores.headlines import binary_scores, dice2, dice8, dice9, iou9, per_photo_dice9
from trainer.evaluation.summary import score_photos
from trainer.labels.classes import CLASS_SETS

SKIN9 = CLASS_SETS["skin9"]


def random_matrices(photos=6, seed=0):
    return np.random.default_rng(seed).integers(0, 500, (photos, 9, 9))


def one_photo(pairs):
    """A skin9 matrix from {(true, said): pixels}."""
    matrix = np.zeros((9, 9), np.int64)
    for place, pixels in pairs.items():
        matrix[place] = pixels
    return matrix


def test_five_figures_of_a_binary_matrix_by_hand():
    scores = binary_scores(np.array([[50, 10], [5, 35]]))  # TN FP / FN TP
    assert scores.ja == pytest.approx(35 / 50)
    assert scores.di == pytest.approx(70 / 85)
    assert scores.ac == pytest.approx(85 / 100)
    assert scores.se == pytest.approx(35 / 40)
    assert scores.sp == pytest.approx(50 / 60)
    assert scores.di == pytest.approx(2 * scores.ja / (1 + scores.ja))


def test_skin_of_the_class_table_and_of_the_binary_figures_are_the_same():
    two = skin_or_not(random_matrices().sum(0), 0)
    scores, binary = class_scores(two), binary_scores(two)
    assert binary.di == pytest.approx(scores.dice[1])
    assert binary.ja == pytest.approx(scores.iou[1])
    assert binary.se == pytest.approx(scores.recall[1])
    assert binary.sp == pytest.approx(scores.recall[0]), "specificity is the recall of the background"


def test_headlines_by_hand():
    # 10 background right; 4 face right and 4 called hand; 2 of doubt called face
    matrix = one_photo({(0, 0): 10, (2, 2): 4, (2, 3): 4, (1, 2): 2})
    face, hand = 2 * 4 / (8 + 6), 0.0
    assert dice9(matrix) == pytest.approx((1 + 0 + face + hand) / 4), "doubt and hand score 0"
    assert dice8(matrix, SKIN9) == pytest.approx((1 + 2 * 4 / (8 + 4) + 0) / 3), "pixels of doubt left out"
    assert dice2(matrix, SKIN9) == pytest.approx(1.0), "all skin is called some kind of skin"
    assert iou9(matrix) == pytest.approx((1 + 0 + 4 / 10 + 0) / 4)


def test_many_matrices_at_once_are_the_same_as_one_by_one():
    matrices = random_matrices()
    for score in (dice9, iou9, lambda m: dice8(m, SKIN9), lambda m: dice2(m, SKIN9)):
        assert np.allclose(score(matrices), [score(m) for m in matrices])


def test_mean_over_photos_differs_from_pooled_pixels_and_leaves_unlabelled_photos_out():
    small = one_photo({(0, 0): 10, (2, 0): 10})
    large = one_photo({(0, 0): 1000, (2, 2): 1000})
    each = per_photo_dice9(np.stack([small, large, one_photo({})]))
    assert each[:2] == pytest.approx([(2 * 10 / 30 + 0) / 2, 1.0])
    assert np.isnan(each[2])
    assert macro(each) == pytest.approx(2 / 3)
    assert dice9(small + large) > 0.99


def test_intervals_are_those_of_the_evaluation():
    matrices, groups = random_matrices(), list("aabbcd")
    evaluation = score_photos(matrices, groups, range(6), SKIN9, model="m", split="val", draws=300)
    drawn = Bootstrap(groups, 300).sums(matrices)
    assert interval(dice9(drawn)) == evaluation.ci95["dice9"]


def test_samples_without_a_rare_class_do_not_lift_the_interval():
    easy = one_photo({(0, 0): 900, (2, 2): 100})
    rare = one_photo({(0, 0): 900, (3, 0): 100})  # the only hand, and it is missed
    matrices, groups = np.stack([easy] * 7 + [rare]), list("abcdefgh")
    evaluation = score_photos(matrices, groups, range(8), SKIN9, model="m", split="val", draws=300)
    assert evaluation.dice9 == pytest.approx(2 / 3, abs=0.01)
    low, high = evaluation.ci95["dice9"]
    assert low <= evaluation.dice9 <= high < 0.67
    assert interval(dice9(Bootstrap(groups, 300).sums(matrices)))[1] == 1.0, "when the class is left out"
    (part, *_) = by_main_class(matrices, groups, SKIN9)
    assert part.dice9 == part.dice9_ci95[1] == 1.0


def test_means_draw_whole_groups_and_skip_what_is_not_known():
    sample = Bootstrap(["a", "a", "b"], draws=200)
    means = sample.means(np.array([0.0, 1.0, np.nan]))
    drawn_a = sample.times[:, 0] > 0
    assert np.all(means[drawn_a] == 0.5), "both photos of a, or neither"
    assert np.all(np.isnan(means[~drawn_a]))
    assert sample.interval_of_mean(np.array([0.2, 0.2, 0.2])) == pytest.approx((0.2, 0.2))


def test_classification_known_values():
    # Ranks by hand: of the 4 pairs (negative, positive) 3 are in order; AP = 1/2 * 1 + 1/2 * 2/3.
    found = classification_scores(np.array([0, 0, 1, 1], bool), np.array([0.1, 0.4, 0.35, 0.8]))
    assert found.auc == pytest.approx(0.75)
    assert found.ap == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert (found.ac, found.se, found.sp) == (0.75, 0.5, 1.0)
    assert (found.photos, found.positive) == (4, 2)


def test_classification_by_chance_and_with_one_answer_only():
    truth = np.array([1, 0, 0, 0], bool)
    chance = classification_scores(truth, np.full(4, 0.5))
    assert (chance.auc, chance.ap) == (0.5, 0.25), "ties count half; AP is the share of positives"
    none = classification_scores(np.zeros(3, bool), np.array([0.1, 0.2, 0.9]))
    assert np.isnan([none.auc, none.ap, none.se]).all()
    assert none.sp == pytest.approx(2 / 3)


@pytest.mark.parametrize(("truth", "scores"), [([True], [0.1, 0.2]), ([], []), ([True], [np.nan])])
def test_classification_refuses_what_it_cannot_score(truth, scores):
    with pytest.raises(SkinsegError, match="classification"):
        classification_scores(np.array(truth, bool), np.array(scores, float))


def test_parts_by_what_photos_show_and_by_tone():
    hand = one_photo({(0, 0): 90, (3, 3): 30, (1, 0): 40})
    foot = one_photo({(0, 0): 90, (4, 3): 30})
    matrices, groups = np.stack([foot, hand, hand]), ["a", "b", "c"]
    assert main_classes(matrices, SKIN9) == ["foot", "hand", "hand"], "doubt and background do not count"
    parts = by_main_class(matrices, groups, SKIN9)
    assert [(part.kind, part.photos, part.groups) for part in parts] == [("hand", 2, 2), ("foot", 1, 1)]
    assert parts[0].dice9 == pytest.approx(float(dice9(hand)))
    assert parts[0].dice9_ci95 == pytest.approx((parts[0].dice9, parts[0].dice9))
    tones = by_tone(matrices, groups, np.array([-40.0, 60.0, np.nan]), SKIN9)
    assert [(part.kind, part.photos) for part in tones] == [("very light", 1), ("dark", 1)]


def test_folders_are_parts_only_where_they_sort_photos():
    matrices = random_matrices(4)
    groups = ["a", "b", "c", "d"]
    sorted_ = by_folder(matrices, groups, ["x/1.jpg", "x/2.jpg", "y/3.jpg", "y/z/4.jpg"], SKIN9)
    assert [(part.kind, part.photos) for part in sorted_] == [("x", 2), ("y", 2)]
    assert by_folder(matrices, groups, ["1.jpg", "2.jpg", "3.jpg", "4.jpg"], SKIN9) == []
    assert by_folder(matrices, groups, [f"{g}/1.jpg" for g in groups], SKIN9) == [], "a folder per patient"
