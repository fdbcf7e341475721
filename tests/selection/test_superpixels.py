"""Superpixels: a click finds the piece under it, without any weights."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.selection.proposals import Prompts
from trainer.selection.superpixels import Superpixels

DISC = (300, 400)
"""Row and column of the middle of a dark disc."""


@pytest.fixture(scope="module")
def photo():
    rows, columns = np.mgrid[:600, :900]
    disc = (rows - DISC[0]) ** 2 + (columns - DISC[1]) ** 2 < 110**2
    photo = np.where(disc[..., None], np.array([90, 60, 50]), np.array([220, 200, 190])).astype(np.uint8)
    return photo, disc


def iou(first, second):
    return (first & second).sum() / (first | second).sum()


def test_clicks_join_pieces_and_take_them_away(photo):
    picture, disc = photo
    superpixels = Superpixels(picture)
    prompts = Prompts().with_box((DISC[0] - 112, DISC[1] - 112, DISC[0] + 112, DISC[1] + 112))
    masks = [small.at(disc.shape) for small in superpixels.propose(prompts)]
    assert len(masks) == 3
    assert max(iou(mask, disc) for mask in masks) > 0.85
    click = Prompts().with_click(*DISC, added=True)
    pieces = [small.at(disc.shape) for small in superpixels.propose(click)]
    assert all(piece[DISC] for piece in pieces)
    assert pieces[0].sum() > pieces[-1].sum(), "the largest pieces come first"
    without = superpixels.propose(click.with_click(*DISC, added=False))
    assert all((small.values < 0).all() for small in without)


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (2, 2), (33, 47)])
def test_photos_of_any_size(shape):
    picture = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    for small in Superpixels(picture).propose(Prompts().with_click(0, 0, added=True)):
        assert small.at(shape)[0, 0]


def test_twelve_megapixels_are_cut_up_at_the_size_of_a_screen():
    superpixels = Superpixels(np.zeros((3000, 4000, 3), np.uint8))
    assert all(max(segments.shape) == 400 for segments in superpixels.segments)
