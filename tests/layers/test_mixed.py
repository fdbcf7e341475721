"""Some labels of one array and some of another, worked out a few rows at a time."""

from __future__ import annotations

import numpy as np

from napari_skinseg.layers.refresh import STRIP, mixed, plan_change
from trainer.labels.values import PAINTED, PROPOSED


def test_it_is_the_new_one_where_chosen_and_the_old_one_elsewhere():
    random = np.random.default_rng(0)
    old, new = (random.integers(0, 256, (2 * STRIP + 7, 50), dtype=np.uint8) for _ in range(2))
    chosen = random.random(old.shape) < 0.5
    part = (slice(3, -2), slice(1, 40))
    assert np.array_equal(mixed(old[part], new[part], chosen[part]), np.where(chosen, new, old)[part])
    assert mixed(old[:0], new[:0], chosen[:0]).shape == (0, 50)


def test_a_plan_changes_the_provenance_of_what_is_chosen_alone():
    labels, provenance = np.ones((90, 40), np.uint8), np.full((90, 40), PROPOSED, np.uint8)
    provenance[:, :10] = PAINTED
    area, chosen = (slice(20, 80), slice(5, 30)), np.zeros((60, 25), bool)
    chosen[10:50, 8:] = True
    wanted = np.where(chosen, np.uint8(0), labels[area])
    plan = plan_change(labels, provenance, 3, area, wanted)
    assert np.array_equal(plan.labels, wanted)
    assert np.array_equal(plan.provenance, np.where(chosen, 0, provenance[area]))
    assert np.array_equal(plan.old_provenance, provenance[area])


def test_where_only_labels_change_before_and_after_are_one_provenance():
    labels, provenance = np.ones((90, 40), np.uint8), np.full((90, 40), PROPOSED, np.uint8)
    provenance[0] = PAINTED
    wanted = labels.copy()
    wanted[50:] = 2
    plan = plan_change(labels, provenance, 3, (slice(0, 90), slice(0, 40)), wanted)
    assert plan.provenance is plan.old_provenance
    assert np.array_equal(plan.provenance, provenance)
