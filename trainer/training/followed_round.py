"""A round as the other processes of torchrun follow it: told by the first, and without writing anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from trainer.data.photo_cache import DecodedCache
from trainer.engine.device import Engine
from trainer.engine.ranks import current
from trainer.errors import ConfigError
from trainer.recipes.registry import RECIPES
from trainer.settings.model import Settings
from trainer.training.round_context import RoundContext, Tick
from trainer.training.round_record import RoundRecord
from trainer.training.round_setup import train

if TYPE_CHECKING:
    from trainer.engine.ranks import Ranks
    from trainer.project.project import Project
    from trainer.recipes.base import Recipe
    from trainer.settings.plan import Plan


@dataclass(frozen=True)
class Followed:
    """What the first process tells the others of a round. Plain values."""

    round_id: str
    record: dict[str, object]
    settings: dict[str, Any]
    device: str

    @classmethod
    def of(cls, round_: RoundContext) -> Self:
        """Take it from a round that was opened."""
        settings = round_.settings.model_dump(mode="json")
        return cls(round_.id, round_.record.to_dict(), settings, round_.engine.device_name)


def follow_round(project: Project, *, tick: Tick | None = None, device: str = "auto") -> None:
    """Train beside the first process, with this one's share of every batch.

    Parameters
    ----------
    project
        Opened for reading only; decoded photos are kept in its cache all the same.
    tick
        Called before every step; raises :class:`StopRound` to end the round in all processes.

    Raises
    ------
    StopRound
        A tick asked for it, here or in another process.
    ProcessLostError
        Another process is gone.
    SkinsegError
        This machine has another kind of device, or cannot read what the first one can.
    """
    told: Followed = current().from_first(None)
    settings = Settings.model_validate(told.settings)
    training = settings.training
    engine = Engine.start(device, precision=training.precision, threads=training.threads or None)
    if engine.device.type != told.device.partition(":")[0]:
        raise ConfigError(
            f"device: {engine.device.type} here and {told.device} in the first process: name one that all "
            "have with --device"
        )
    cache = DecodedCache(project.path / "cache" / "decoded", settings.photos.cache_bytes)
    folder = project.path / "rounds" / told.round_id
    record = RoundRecord.from_dict(told.record)
    id_ = told.round_id
    train(RoundContext(project, settings, record, engine, id_, cache, folder, tick, in_catalog=False), None)


def check_shared(recipe: type[Recipe], ranks: Ranks) -> None:
    """Refuse a recipe that several processes cannot train together."""
    if ranks.world > 1 and not recipe.shared:
        known = ", ".join(name for name, other in RECIPES.items() if other.shared and other.serves)
        raise ConfigError(
            f"the recipe {recipe.name} trains in one process: start it without torchrun, or choose {known}"
        )


def check_batch(plan: Plan, ranks: Ranks) -> None:
    """Refuse a batch of which a process would have nothing."""
    if plan.batch < ranks.world:
        raise ConfigError(
            f"training.batch: {plan.batch} crops cannot be shared by {ranks.world} processes: set it to "
            f"{ranks.world} or more (--batch), or start fewer"
        )
