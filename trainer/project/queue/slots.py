"""Slots of the queue: whether the next photo is ranked, random, for validation or for the test. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.project.states import Slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["SlotPlan", "SlotState", "missing_validation"]

EARLY = 3
"""While validation photos are missing, one of so many photos is one."""
HELD_OUT = (Slot.VALIDATION, Slot.TEST)


@dataclass(frozen=True)
class SlotState:
    """Where a project stands: photos of each split, those done or in somebody's hands, and those left."""

    number: int
    """Photos handed out so far, the same one again included."""
    photos: Mapping[str, int]
    done: Mapping[str, int]
    free: Mapping[str, int]


@dataclass(frozen=True)
class SlotPlan:
    """Shares of the queue. The same project hands out the same slots again: they are drawn by a salted hash.

    Attributes
    ----------
    salt
        Of the project.
    random_share, blind_share, blind_after
        As in the settings.
    validation
        So many validation photos are among the first, whatever their share.
    """

    salt: str
    random_share: float
    blind_share: float
    validation: int
    blind_after: int = 0

    def slots(self, state: SlotState) -> Iterator[tuple[Slot, bool]]:
        """Yield the next slots and whether each is shown blind, without end."""
        number = state.number
        done, free = dict(state.done), dict(state.free)
        while True:
            slot = self._slot(number, state.photos, done, free)
            split = "train" if slot not in HELD_OUT else str(slot)
            done[split] = done.get(split, 0) + 1
            free[split] = free.get(split, 0) - 1
            blind = number >= self.blind_after and self._draw("blind", number) < self.blind_share
            yield slot, blind
            number += 1

    def _slot(
        self, number: int, photos: Mapping[str, int], done: Mapping[str, int], free: Mapping[str, int]
    ) -> Slot:
        # Kept in proportion by what is done, not by dice: with one photo in ten for validation, dice would
        # leave one project in ten without a second validation photo after forty masks.
        total, out_of = sum(done.values()) + 1, max(1, sum(photos.values()))
        for slot in HELD_OUT:
            wanted = photos.get(slot, 0) * total // out_of
            if slot == Slot.VALIDATION:
                wanted = max(wanted, min(self.validation, total // EARLY))
            if free.get(slot, 0) > 0 and done.get(slot, 0) < wanted:
                return slot
        return Slot.RANDOM if self._draw("random", number) < self.random_share else Slot.RANKED

    def _draw(self, what: str, number: int) -> float:
        digest = hashlib.blake2b(f"{self.salt}/{what}/{number}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64


def missing_validation(by_split: Mapping[str, tuple[int, int]], wanted: int) -> int:
    """Count the validation photos that must still be labelled before models can be compared."""
    photos, labelled = by_split.get("val", (0, 0))
    return max(0, min(wanted, photos) - labelled)
