"""A proposed mask has no pinholes and no specks, but those that a person clicked on."""

import numpy as np
import pytest

from trainer.selection.crumbs import without_crumbs


@pytest.fixture
def mask():
    """A square with a lattice of holes and a large one in it, and with specks beside it."""
    values = np.full((64, 64), -2.0, np.float32)
    values[10:50, 10:50] = 3
    values[12:30:3, 12:48:3] = -1
    values[34:46, 34:46] = 0
    values[2:4, 2:60:4] = 1
    return values


def test_crumbs_go_and_all_else_stays(mask):
    expected = np.zeros((64, 64), bool)
    expected[10:50, 10:50] = True
    expected[34:46, 34:46] = False
    before = mask.copy()
    cleaned = without_crumbs(mask, [], [])
    assert np.array_equal(cleaned > 0, expected)
    assert cleaned.dtype == np.float32
    assert np.array_equal(mask, before), "the mask itself is left as it was"


def test_what_was_clicked_on_stays(mask):
    cleaned = without_crumbs(mask, [(12.5, 15.2), (3.9, 2.1), (70.0, 70.0)], [False, True, False]) > 0
    assert not cleaned[12, 15]
    assert cleaned[2:4, 2].all()
    assert cleaned[12, 18]
    assert not cleaned[2:4, 6].any()


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_an_empty_or_a_whole_mask_is_no_trouble(value):
    whole = np.full((8, 8), value, np.float32)
    assert np.array_equal(without_crumbs(whole, [(4.0, 4.0)], [True]) > 0, whole > 0)
