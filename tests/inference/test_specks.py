"""Specks go to the class around them; nothing else of a prediction changes."""

import numpy as np
import pytest

from trainer.inference.specks import SPECK, speck_share, without_specks
from trainer.labels.classes import CLASS_SETS


def test_a_speck_goes_to_the_class_with_the_longest_border():
    labels = np.ones((100, 100), np.uint8)
    labels[50:] = 4
    labels[20:23, 20:23] = 7
    labels[48:50, 60:64] = 9  # touches 4 on one side, 1 on three
    cleaned = without_specks(labels, 0.002)
    expected = np.ones((100, 100), np.uint8)
    expected[50:] = 4
    assert np.array_equal(cleaned, expected)
    assert labels[21, 21] == 7, "the prediction itself is left as it was"


def test_a_region_of_a_finger_stays():
    labels = np.ones((200, 200), np.uint8)
    labels[100:105, 100:105] = 4
    assert np.array_equal(without_specks(labels), labels)


def test_specks_among_specks_stay_and_those_at_the_edge_of_the_photo_go():
    board = (np.indices((40, 40)).sum(axis=0) % 2 + 1).astype(np.uint8)
    assert np.array_equal(without_specks(board, 0.01), board)
    corner = np.ones((40, 40), np.uint8)
    corner[0, 0] = corner[39, 20] = 8
    assert (without_specks(corner, 0.01) == 1).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1)])
def test_photos_of_one_row_are_no_trouble(shape):
    assert without_specks(np.full(shape, 3, np.uint8)).shape == shape


def test_a_small_lesion_is_no_speck():
    mole = np.ones((1000, 1000), np.uint8)
    mole[500:515, 500:515] = 2
    assert np.array_equal(without_specks(mole, speck_share(CLASS_SETS["lesion"].names)), mole)
    shares = {name: speck_share(classes.names) for name, classes in CLASS_SETS.items()}
    assert shares == {"skin9": SPECK, "lesion": 0, "podocyte": 0}
    assert speck_share(("background", "hand", "wound")) == 0
