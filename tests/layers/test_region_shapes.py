"""One key makes the shape of a region better; nothing else on the photo changes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_skinseg.layers import region_shapes


@pytest.fixture
def labels():
    """A disc of 3 with a hole in it, on 1; two specks of 3, one on 1, one in 5; a stripe not labelled."""
    row, column = np.mgrid[:120, :160]
    made = np.ones((120, 160), np.uint8)
    made[:, 120:] = 5
    made[110:] = 0
    made[(row - 50) ** 2 + (column - 60) ** 2 < 30**2] = 3
    made[(row - 50) ** 2 + (column - 60) ** 2 < 4**2] = 0
    made[5:8, 5:8] = 3
    made[60:62, 140:142] = 3
    return made


def after(labels, change):
    made = labels.copy()
    if change is not None:
        made[change.box][change.changed] = change.labels[change.changed]
    return made


SEED = (50, 40)


def test_holes_are_filled(labels):
    made = after(labels, region_shapes.fill_holes(labels, SEED))
    assert made[50, 60] == 3
    assert ((made != labels) == ((labels == 0) & (np.arange(120) < 100)[:, None])).all()
    assert region_shapes.fill_holes(made, SEED) is None


def test_specks_take_the_label_around_them(labels):
    made = after(labels, region_shapes.drop_specks(labels, SEED))
    assert (made[5:8, 5:8] == 1).all()
    assert (made[60:62, 140:142] == 5).all()
    assert (made != labels).sum() == 9 + 4
    assert region_shapes.drop_specks(made, SEED) is None


def test_growing_and_shrinking_move_the_outline_by_a_step(labels):
    grown = after(labels, region_shapes.grow(labels, SEED))
    assert (grown == 3).sum() > (labels == 3).sum()
    assert set(np.unique(grown[grown != labels])) == {3}
    shrunk = after(labels, region_shapes.shrink(labels, SEED))
    assert (shrunk == 3).sum() < (labels == 3).sum()
    assert set(np.unique(shrunk[shrunk != labels])) == {0, 1}
    assert shrunk[50, 60] == 0
    assert (shrunk[5:8, 5:8] == 3).all(), "another region stays"


def test_a_region_along_the_border_keeps_to_it(labels):
    shrunk = after(labels, region_shapes.shrink(labels, (50, 159)))
    assert (shrunk[1:109, 159] == 5).all()
    assert (shrunk[50:55, 120] == 1).all()


def test_smoothing_takes_a_spike_off_and_keeps_the_size(labels):
    labels[49:51, 90:110] = 3
    made = after(labels, region_shapes.smooth(labels, SEED))
    assert (made[49:51, 95:110] == 1).all()
    assert (made == 3).sum() == pytest.approx((labels == 3).sum() - 40, rel=0.04)


def test_a_region_that_fills_the_photo_stays(labels):
    labels[:] = 3
    for edit in (region_shapes.smooth, region_shapes.shrink, region_shapes.grow, region_shapes.drop_specks):
        assert edit(labels, SEED) is None
