"""Ranks: the processes of torchrun that train one network together, and what they say to each other.

Every process makes its share of each batch and sees the others through a handful of sums. The first one alone
writes, decides and speaks. Where one is lost, the others end: the round is taken up from its checkpoint.
"""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar, cast

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from trainer.engine.beat import Beat
from trainer.engine.torchrun import Rank, leave_torchrun
from trainer.errors import ConfigError, ProcessLostError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor

T = TypeVar("T")

TO_MEET = timedelta(minutes=5)
"""So long a process waits at the start for the others."""
PATIENCE = timedelta(days=1)
"""The first may predict or validate for long while the others wait; a lost one is noticed by its beat."""


@dataclass
class Ranks:
    """The place of this process among those that train one network; alone, all of it costs nothing."""

    place: Rank = field(default_factory=Rank)
    beat: Beat | None = None

    @property
    def world(self) -> int:
        """Number of processes."""
        return self.place.world

    @property
    def first(self) -> bool:
        """Whether this is the process that writes, decides and speaks."""
        return self.place.rank == 0

    @property
    def own(self) -> tuple[int, ...]:
        """What tells this process's draws from those of the others, for a seed; alone, nothing."""
        return (self.place.rank,) if self.world > 1 else ()

    def share(self, count: int) -> range:
        """Choose this process's part of ``count`` crops: neighbours, and as many as any other or one more."""
        rank, world = self.place.rank, self.world
        return range(count * rank // world, count * (rank + 1) // world)

    def sum_up(self, tensor: Tensor) -> None:
        """Add up a tensor over all processes, in place."""
        if self.world > 1:
            with self.peers():
                dist.all_reduce(tensor)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Average tensors over all processes, in place and in one message."""
        if self.world == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        self.sum_up(flat)
        parts = torch.split(flat.div_(self.world), [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def agree(self, *flags: bool) -> list[bool]:
        """Tell of each flag whether any process has raised it."""
        if self.world == 1:
            return list(flags)
        raised = torch.tensor(flags, dtype=torch.int32)
        self.sum_up(raised)
        return [bool(flag) for flag in raised]

    def from_first(self, value: T | None) -> T:
        """Return what the first process gave: plain values and tensors."""
        if self.world == 1:
            return cast("T", value)
        box = [value]
        with self.peers():
            dist.broadcast_object_list(box, device=torch.device("cpu"))
        return cast("T", box[0])

    def of_all(self, value: T) -> list[T]:
        """Return what each process gave, in their order."""
        if self.world == 1:
            return [value]
        found: list[T | None] = [None] * self.world
        with self.peers():
            dist.all_gather_object(found, value)
        return cast("list[T]", found)

    @contextmanager
    def peers(self) -> Iterator[None]:
        """Turn what torch says where another process is gone into words."""
        try:
            yield
        except RuntimeError as error:
            why = "" if self.beat is None else self.beat.last_words()
            raise ProcessLostError(lost(why)) from error


def lost(why: str) -> str:
    """Say that a process is gone, and why, or the mend where nobody knows."""
    if why:
        return f"{why} (so this process ends too)"
    return (
        "another process was lost (killed, or its machine out of reach), so this one ends: start them again "
        "with --resume, they go on from their checkpoint"
    )


_ranks = Ranks()


def current() -> Ranks:
    """Return the processes of this training: this one alone, unless :func:`joined`."""
    return _ranks


@contextmanager
def joined(device: str) -> Iterator[Ranks]:
    """Meet the other processes of torchrun; without torchrun there is nobody to meet.

    Parameters
    ----------
    device
        As a person named it. Sums of tensors on graphics cards go through NCCL, all others through gloo.

    Raises
    ------
    ConfigError
        This build of torch has no gloo, or the others cannot be reached.
    ProcessLostError
        From what is done inside, where one of them ends.
    """
    global _ranks
    place = Rank.read(os.environ)
    if place.world == 1:
        yield _ranks
        return
    if not dist.is_available() or not dist.is_gloo_available():
        raise ConfigError(
            "this build of torch has no gloo, which several processes need: start it without torchrun"
        )
    cuda = device != "cpu" and torch.cuda.is_available()
    address = os.environ.get("MASTER_ADDR", "localhost"), int(os.environ.get("MASTER_PORT", "29500"))
    try:
        store, rank, world = next(rendezvous("env://", timeout=TO_MEET))
        # torchrun may keep its store when it starts the processes again, with the addresses of those before
        ours = PrefixStore(f"skinseg/{place.attempt}", store)
        backend = "cpu:gloo,cuda:nccl" if cuda else "gloo"
        dist.init_process_group(backend, store=ours, rank=rank, world_size=world, timeout=PATIENCE)
        beat = Beat(place, *address)
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"process {place.rank} on {socket.gethostname()} cannot meet the others at "
            f"{address[0]}:{address[1]} ({reason}): let the machines reach "
            "each other, or name the network with GLOO_SOCKET_IFNAME"
        ) from error
    leave_torchrun(os.environ)
    _ranks = Ranks(place, beat)
    try:
        with beat:
            yield _ranks
    finally:
        _ranks = Ranks()
        with suppress(RuntimeError):
            dist.destroy_process_group()
