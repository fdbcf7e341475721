"""Slots of the queue as a pure plan."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from trainer.project.queue.slots import SlotPlan, SlotState, missing_validation

NONE = {"train": 0, "val": 0, "test": 0}
POOL = {"train": 800, "val": 100, "test": 100}


def plan(random_share: float = 0.2, blind_share: float = 0.1, validation: int = 5) -> SlotPlan:
    return SlotPlan("salt", random_share, blind_share, validation)


def first(count: int, of: SlotPlan, state: SlotState) -> list[tuple[str, bool]]:
    return [(str(slot), blind) for slot, blind in islice(of.slots(state), count)]


def test_shares_are_kept() -> None:
    got = first(400, plan(), SlotState(0, POOL, NONE, POOL))
    slots = Counter(slot for slot, _ in got)
    assert (slots["val"], slots["test"]) in ((40, 40), (40, 39)), "one of them is due next"
    assert 0.15 < slots["random"] / (slots["random"] + slots["ranked"]) < 0.25
    assert 0.07 < sum(blind for _, blind in got) / 400 < 0.13


def test_five_validation_photos_are_among_the_first_fifteen() -> None:
    got = [slot for slot, _ in first(15, plan(), SlotState(0, POOL, NONE, POOL))]
    assert [place for place, slot in enumerate(got) if slot == "val"] == [2, 5, 8, 11, 14]
    none = {**POOL, "val": 0}
    assert "val" not in [slot for slot, _ in first(50, plan(), SlotState(0, none, NONE, none))]


def test_validation_photos_labelled_before_are_not_asked_for_again() -> None:
    done = {"train": 10, "val": 9, "test": 1}
    got = [slot for slot, _ in first(20, plan(), SlotState(20, POOL, done, POOL))]
    assert "val" not in got


def test_the_same_project_plans_the_same_slots_wherever_it_is_asked() -> None:
    state = SlotState(7, POOL, NONE, POOL)
    assert first(50, plan(), state) == first(50, plan(), state)
    blind = [[is_blind for _, is_blind in first(50, plan(share, 0.5), state)] for share in (0.0, 1.0)]
    assert blind[0] == blind[1], "which photos are blind does not depend on what they are for"


def test_what_is_missing_is_at_most_what_there_is() -> None:
    assert missing_validation({"val": (100, 0)}, 5) == 5
    assert missing_validation({"val": (3, 1)}, 5) == 2
    assert missing_validation({"val": (100, 7)}, 5) == 0
    assert missing_validation({}, 5) == 0
