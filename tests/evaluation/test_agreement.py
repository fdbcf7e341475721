"""Agreement of two readers: by hand on small matrices, with intervals over photos, and what is uncertain."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.evaluation.agreement import Pair, class_kappas, compare, dice_of, kappa_of
from trainer.labels.classes import CLASS_SETS

SKIN9, LESION = CLASS_SETS["skin9"], CLASS_SETS["lesion"]


def pair(matrix, group="a", first="ann", second="bob"):
    return Pair(group, first, second, np.array(matrix, np.int64))


def test_kappa_and_dice_are_those_of_the_book():
    matrix = np.array([[20, 5], [10, 15]])  # the textbook's: 0.7 observed, 0.5 by chance
    assert kappa_of(matrix) == pytest.approx(0.4)
    assert class_kappas(matrix) == pytest.approx([0.4, 0.4])
    assert dice_of(matrix) == pytest.approx([40 / 55, 30 / 45])
    assert dice_of(matrix.T) == pytest.approx(dice_of(matrix))


def test_one_class_alone_has_no_kappa_and_full_agreement_is_one():
    assert np.isnan(kappa_of(np.array([[9, 0], [0, 0]])))
    assert kappa_of(np.array([[9, 0], [0, 4]])) == 1
    assert np.isnan(class_kappas(np.array([[3, 1, 0], [1, 3, 0], [0, 0, 0]]))[2])


def test_intervals_are_over_groups_of_photos():
    same, other = [[50, 0], [0, 50]], [[30, 20], [20, 30]]
    several = [pair(same, str(i)) for i in range(6)] + [pair(other, str(i)) for i in range(6, 12)]
    found = compare(several, LESION, {})
    low, high = found.classes[1].dice_interval
    assert low < found.classes[1].dice < high
    assert found.classes[1].photos == 12
    assert found.same == pytest.approx(0.8)
    one_group = compare([pair(same), pair(other)], LESION, {})
    assert np.isnan(one_group.kappa_interval).all(), "one patient says nothing of others"
    assert one_group.groups == 1


def test_nothing_read_twice_is_no_error():
    found = compare([], SKIN9, {"ann": 0.25})
    assert found.photos == 0
    assert np.isnan(found.kappa)
    assert found.uncertain == {"ann": 0.25}


def test_doubt_is_told_by_class_and_annotator():
    matrix = np.zeros((9, 9), np.int64)
    hand, uncertain = SKIN9.names.index("hand"), SKIN9.uncertain
    matrix[uncertain, hand], matrix[hand, hand] = 30, 70  # ann doubts what bob calls hand
    found = compare([pair(matrix)], SKIN9, {})
    assert found.doubt["ann"]["hand"] == pytest.approx(0.3)
    assert found.doubt["bob"]["hand"] == 0
    assert found.doubt["ann"]["face"] is None
    assert compare([pair([[1, 0], [0, 1]])], LESION, {}).doubt == {}
