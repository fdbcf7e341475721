"""The simulated hand may select whole things: it pays for clicks and looks, and saves the outline."""

from __future__ import annotations

import numpy as np
import pytest
from effort_truth import person

from trainer.effort.costs import GLANCE, KEY, STEERING
from trainer.effort.hand import Hand
from trainer.effort.selector import Selector
from trainer.effort.strokes import painted_by
from trainer.effort.tools import Tools
from trainer.selection.superpixels import Superpixels

COLOURS = np.array([[90, 90, 90], [250, 250, 240], [0, 0, 0], [230, 160, 120], [0, 0, 0], [0, 0, 0]])


@pytest.fixture(scope="module")
def truth():
    mask = person((300, 240))
    mask[mask > 3] = 1
    return mask


@pytest.fixture(scope="module")
def tool(truth):
    """Superpixels on a photo in flat colours: a click finds most of a thing."""
    return Selector(Superpixels(COLOURS[truth].astype(np.uint8)))


@pytest.fixture
def tools(tool):
    return Tools(select=tool)


def test_a_thing_is_selected_by_clicks_that_are_paid_for(truth, tool):
    labels = np.ones_like(truth)
    found = tool.strokes(labels, truth, least=10)
    assert found
    for stroke in found:
        assert stroke.value == 3
        labels = np.ones_like(truth)
        labels[painted_by(stroke, labels)] = 3
        assert (labels == truth).sum() - (truth == 1).sum() == stroke.gain > 0
        assert STEERING.of(stroke, 300) == pytest.approx(
            STEERING.aim * stroke.aims + (KEY + GLANCE) * stroke.glances
        )
        assert stroke.aims >= 1
        assert stroke.glances >= 1


def test_a_hand_that_may_select_is_not_slower(truth, tools):
    hand = Hand(STEERING)
    assert hand.seconds_from_nothing(truth, tools) <= hand.seconds_from_nothing(truth)


def test_the_same_clicks_find_the_same_again(truth, tools):
    hand = Hand(STEERING)
    assert hand.seconds_from_nothing(truth, tools) == hand.seconds_from_nothing(truth, tools)


def test_where_nothing_is_wrong_nothing_is_clicked(truth, tool):
    assert tool.strokes(truth, truth, least=10) == []
