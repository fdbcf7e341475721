"""The gate compares nothing on validation masks of one class, and says so."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.settings.gate import GateSettings
from trainer.training.promotion import GateDecision, compare_with_served

NAMES = ("background", "lesion")


def of_background(count: int = 8, lost: int = 0) -> np.ndarray:
    """Matrices of photos whose truth is background, `lost` of 1000 pixels taken for a lesion."""
    return np.tile(np.array([[1000 - lost, lost], [0, 0]], np.int64), (count, 1, 1))


def gate(candidate: np.ndarray, served: np.ndarray | None, lane: str = "full") -> GateDecision:
    groups = [f"g{i}" for i in range(len(candidate))]
    return compare_with_served(candidate, served, groups, NAMES, lane=lane, gate=GateSettings())


@pytest.mark.parametrize("lane", ["fast", "full", "probe"])
def test_a_perfect_score_on_one_class_replaces_nothing(lane: str) -> None:
    decision = gate(of_background(), of_background(lost=300), lane)
    assert not decision.promote
    assert decision.delta is None
    assert decision.why.startswith("kept the old one: the validation masks show only background")
    assert "label validation photos that show more" in decision.why
    assert "1.00" not in decision.why


def test_where_nothing_is_served_it_is_served_for_now() -> None:
    decision = gate(of_background(), None)
    assert (decision.promote, decision.provisional) == (True, True)
    assert decision.why.startswith("served for now: ")
    assert "only background" in decision.why


def test_masks_that_label_nothing_compare_nothing() -> None:
    nothing = np.zeros((8, 2, 2), np.int64)
    assert not gate(nothing, nothing).promote
    assert "only what is not labelled" in gate(nothing, nothing).why


def test_one_photo_with_a_second_class_is_enough_to_compare() -> None:
    candidate, served = of_background(), of_background(lost=300)
    candidate[0], served[0] = [[500, 0], [0, 500]], [[500, 0], [500, 0]]
    assert gate(candidate, served).why.startswith("served: validation Dice")
