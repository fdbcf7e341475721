"""The context that the parts of a round share, and its messages, curves and progress."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.data.photo_cache import DecodedCache
    from trainer.engine.device import Engine
    from trainer.project.project import Project
    from trainer.settings.model import Settings
    from trainer.settings.plan import Lane, Plan
    from trainer.training.round_record import RoundRecord

log = logging.getLogger(__name__)


class StopRound(Exception):
    """Raised by a tick to end the round here; it can be resumed."""


@dataclass(frozen=True)
class RoundProgress:
    """Phase and step of a round."""

    round_id: str
    lane: Lane
    recipe: str
    phase: str
    """``prepare``, ``train`` or ``validate``; ``step`` of ``steps`` counts within it."""
    step: int
    steps: int
    seconds_left: float | None = None


Tick = Callable[[RoundProgress], None]


@dataclass
class RoundContext:
    """One round: its project, its record, its device, and its ways to the outside."""

    project: Project
    settings: Settings
    record: RoundRecord
    engine: Engine
    id: str
    cache: DecodedCache
    folder: Path
    """For its checkpoints."""
    tick: Tick | None = None
    in_catalog: bool = True
    """False for trainings outside the project's history, as those of a study."""

    @property
    def plan(self) -> Plan:
        """Resolved settings."""
        return self.record.plan

    @property
    def messages(self) -> list[str]:
        """Notes to people so far."""
        return self.record.messages

    def say(self, message: str) -> None:
        """Tell people once: in the log, as an event, and in the round's result."""
        if message in self.messages:  # a round that goes on would say it again
            return
        log.info("round %s: %s", self.id, message)
        self.messages.append(message)
        if self.in_catalog:
            self.project.events.add("round note", "trainer", round=self.id, message=message)

    def plot(self, step: int, values: dict[str, float]) -> None:
        """Keep values of one step to draw."""
        if self.in_catalog:
            self.project.trainer.log_curve(self.id, step, values)
            return
        for name, value in values.items():
            self.record.curves.setdefault(name, []).append((step, value))

    def report(self, phase: str, step: int, steps: int, seconds_left: float | None = None) -> None:
        """Call the tick, which may raise :class:`StopRound`."""
        if self.tick is None:
            return
        left = seconds_left if seconds_left is not None and math.isfinite(seconds_left) else None
        self.tick(RoundProgress(self.id, self.plan.lane, self.plan.recipe, phase, step, steps, left))
