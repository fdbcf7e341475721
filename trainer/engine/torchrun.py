"""The place of this process among those that torchrun started, read from its variables. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

VARIABLES = (
    *("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "GROUP_WORLD_SIZE"),
    *("ROLE_RANK", "ROLE_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RUN_ID"),
)
"""By these torchrun makes the processes of one training, and Fabric knows them."""


@dataclass(frozen=True)
class Rank:
    """Rank of this process among several."""

    rank: int = 0
    world: int = 1
    local: int = 0
    """Among those on this machine."""
    beside: int = 1
    """Processes on this machine."""
    attempt: int = 0
    """Times torchrun has started them again."""
    attempts: int = 0
    """Times it may."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Rank:
        """Read torchrun's variables; without them this process is alone."""
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
        elastic = ("TORCHELASTIC_RESTART_COUNT", "TORCHELASTIC_MAX_RESTARTS")
        unset = {"WORLD_SIZE": 1, "LOCAL_WORLD_SIZE": 1}
        return cls(*(int(environment.get(name, unset.get(name, 0))) for name in (*names, *elastic)))


def leave_torchrun(environment: MutableMapping[str, str]) -> Rank:
    """Read this process's rank, and remove the variables, so that libraries take it for one on its own."""
    found = Rank.read(environment)
    for name in VARIABLES:
        environment.pop(name, None)
    return found
