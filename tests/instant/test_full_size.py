"""What changes of the small photo changes at the same place of the photo, whatever box is looked at."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from trainer.instant.full_size import Change, at_full_size
from trainer.instant.resized import resized
from trainer.labels.values import ACCEPTED, PROPOSED

SMALL = (288, 384)
ROWS, COLUMNS = np.mgrid[: SMALL[0], : SMALL[1]]


def leaning(middle: tuple[float, float], radius: float) -> np.ndarray:
    """How far class 2 is ahead of class 1: a disc."""
    away = np.hypot(ROWS - middle[0], COLUMNS - middle[1])
    return np.float32((radius - away) / 20)


def taken(margin: np.ndarray, area: tuple[slice, slice], shape: tuple[int, int]) -> np.ndarray:
    labels, provenance = np.ones(shape, np.uint8), np.full(shape, PROPOSED, np.uint8)
    found = at_full_size([Change(1, 2, area, margin[area])], labels, provenance, (), SMALL)
    assert found.area is not None
    assert np.isin(found.labels, (1, 2)).all()
    whole = np.zeros(shape, bool)
    whole[found.area] = found.labels == 2
    return whole


@pytest.mark.parametrize("shape", [(288, 384), (400, 533), (1201, 1601), (2250, 3000)])
def test_an_edge_does_not_depend_on_the_box_around_it(shape):
    margin = leaning((100.3, 200.7), 30)
    whole = taken(margin, (slice(0, 288), slice(0, 384)), shape)
    tight = taken(margin, (slice(69, 133), slice(169, 233)), shape)
    middle = np.argwhere(whole).mean(axis=0) + 0.5
    assert np.allclose(middle / shape, (100.8 / 288, 201.2 / 384), atol=0.5 / min(shape))
    assert (whole != tight).sum() <= 0.001 * whole.sum()


def test_a_region_reaches_the_edges_of_a_photo_of_odd_sides():
    everywhere = np.ones(SMALL, np.float32)
    assert taken(everywhere, (slice(0, 288), slice(0, 384)), (2301, 3001)).all()


def test_of_two_regions_that_want_a_pixel_the_last_has_it_and_others_keep_theirs():
    labels, provenance = np.ones(SMALL, np.uint8), np.full(SMALL, PROPOSED, np.uint8)
    labels[:, 200:], provenance[:20] = 3, ACCEPTED
    area = (slice(0, 288), slice(0, 384))
    parts = [Change(1, 2, area, leaning((60, 200), 50)), Change(1, 4, area, leaning((60, 160), 20))]
    found = at_full_size(parts, labels, provenance, (), SMALL)
    after = labels.copy()
    after[found.area] = found.labels
    assert after[60, 160] == 4
    assert after[60, 190] == 2
    assert (after[:, 200:] == 3).all()
    assert (after[:20, :200] == 1).all()


def test_twice_the_size_is_what_pictures_would_give():
    maps = np.random.default_rng(0).normal(size=(3, 17, 24)).astype(np.float32)
    pictures = [Image.fromarray(plane).resize((48, 34), Image.Resampling.BILINEAR) for plane in maps]
    assert np.allclose(resized(maps, (34, 48)), np.stack([np.asarray(one) for one in pictures]), atol=1e-5)
