"""Regions that a model is unsure of are held back, whole, and nothing else is."""

from __future__ import annotations

import numpy as np

from trainer.labels.held_back import NOTHING, WHOLE, held_back, shown_part

BACK, HAND, FOOT = 1, 4, 5


def some() -> tuple[np.ndarray, np.ndarray]:
    labels = np.full((20, 30), BACK, np.uint8)
    labels[2:8, 2:8], labels[10:18, 10:20] = HAND, FOOT
    labels[2:8, 20:26] = HAND
    confidence = np.full(labels.shape, 240, np.uint8)
    confidence[2:8, 2:8], confidence[10:18, 10:20] = 100, 150
    confidence[11, 11] = 255  # a sure pixel of an unsure region
    return labels, confidence


def test_a_region_is_held_back_whole_where_its_mean_confidence_is_below_the_level():
    labels, confidence = some()
    held = held_back(labels, confidence, 0.5)
    assert held is not None
    assert held[2:8, 2:8].all()
    assert held.sum() == 36
    both = held_back(labels, confidence, 0.7)
    assert both is not None
    assert both.sum() == 36 + 80
    part = shown_part(labels, both)
    assert set(np.unique(part[both])) == {0}
    assert (part[~both] == labels[~both]).all()


def test_at_the_ends_all_or_nothing_is_shown():
    labels, confidence = some()
    assert held_back(labels, confidence, WHOLE) is None
    assert held_back(labels, confidence, 0.1) is None, "no region is that unsure"
    assert shown_part(labels, None) is labels
    everything = held_back(labels, np.full_like(confidence, 255), NOTHING)
    assert everything is not None
    assert everything.all()
