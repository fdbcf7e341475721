"""What the parts of one round share, and how a round speaks to the process that runs it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trainer.decoded import DecodedCache
from trainer.engine import Engine
from trainer.plan import Plan
from trainer.settings import Settings

if TYPE_CHECKING:
    from trainer.project import Project

log = logging.getLogger(__name__)


class StopRound(Exception):
    """Raised by a tick to end the round here; it can be resumed."""


@dataclass(frozen=True)
class RoundProgress:
    """Where a round is."""

    round_id: str
    lane: str
    recipe: str
    phase: str
    """``prepare``, ``train`` or ``validate``; ``step`` of ``steps`` counts within it."""
    step: int
    steps: int
    seconds_left: float | None = None


Tick = Callable[[RoundProgress], None]


@dataclass
class RoundContext:
    """One round: its project, its plan, its device, and its voice."""

    project: Project
    settings: Settings
    plan: Plan
    engine: Engine
    id: str
    cache: DecodedCache
    tick: Tick | None = None
    messages: list[str] = field(default_factory=list)

    def say(self, message: str) -> None:
        """Tell people: in the log, as an event, and in the round's result."""
        log.info("round %s: %s", self.id, message)
        self.messages.append(message)
        self.project.event("round note", "trainer", round=self.id, message=message)

    def report(self, phase: str, step: int, steps: int, seconds_left: float | None = None) -> None:
        """Call the tick, which may raise :class:`StopRound`."""
        if self.tick is None:
            return
        left = seconds_left if seconds_left is not None and math.isfinite(seconds_left) else None
        self.tick(RoundProgress(self.id, self.plan.lane, self.plan.recipe, phase, step, steps, left))
