"""The device of a training: its choice, its precision, its threads, and seeds."""

from __future__ import annotations

import os
import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from trainer.engine.ranks import Ranks, current
from trainer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch.optim import Optimizer


def choose_device(device: str = "auto") -> str:
    """``cuda``, ``mps`` or ``cpu``: the one asked for, or the best there is.

    Raises
    ------
    ConfigError
        A device that this machine or this build of torch does not have.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return next(name for name, ok in there.items() if ok)
    kind = device.split(":")[0]
    if kind not in there:
        raise ConfigError(f"device: '{device}' is none of auto, cuda, mps, cpu")
    if not there[kind]:
        raise ConfigError(f"device: torch finds no {kind} device on this machine; choose --device auto")
    return device


def choose_precision(device: str, precision: str = "auto") -> str:
    """Fabric's name of the precision: bf16 on CUDA devices that have it, else float32."""
    if precision != "auto":
        return precision
    if device.startswith("cuda") and torch.cuda.is_bf16_supported(including_emulation=False):
        return "bf16-mixed"
    return "32-true"


def cpu_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def choose_threads(device: str, background: bool, threads: int | None = None, processes: int = 1) -> int:
    """Compute threads, of each of so many processes: in the background one core is left to the window.

    Beside a graphics card one suffices. No more than ``OMP_NUM_THREADS``, as for every program of torch.
    """
    if threads:
        return threads
    if not device.startswith("cpu"):
        return 1
    count = max(1, (cpu_cores() - background) // processes)
    most = os.environ.get("OMP_NUM_THREADS", "")
    # torchrun writes a 1 there for processes that nobody gave a number
    return min(count, int(most)) if processes == 1 and most.isdecimal() and int(most) else count


@contextmanager
def one_thread() -> Iterator[None]:
    """Let one thread of torch do what follows, then as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def own_card(device: str, ranks: Ranks) -> str:
    """Name the graphics card of one of several processes on a machine.

    Raises
    ------
    ConfigError
        There are more processes than cards.
    """
    if device != "cuda" or ranks.world == 1:
        return device
    there = torch.cuda.device_count()
    if ranks.place.beside > there:
        raise ConfigError(
            f"{ranks.place.beside} processes on this machine, where torch finds {there} graphics cards: "
            f"start torchrun with --nproc-per-node {there}, or choose --device cpu"
        )
    return f"cuda:{ranks.place.local}"


def loader_threads(engine: Engine) -> int:
    """Threads that decode and augment: the cores the network leaves free, between 1 and 12."""
    busy = engine.threads if engine.device_name == "cpu" else 1
    return max(1, min(12, cpu_cores() // engine.ranks.place.beside - busy))


def seed_everything(seed: int) -> None:
    """Seed python, numpy and torch; samples of the data have seeds of their own."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 (libraries draw from the global generator)
    torch.manual_seed(seed)


@dataclass
class Engine:
    """Fabric on one device, with what recipes need of it."""

    fabric: Fabric
    device_name: str
    precision: str
    threads: int
    ranks: Ranks = field(default_factory=current)

    @classmethod
    def start(
        cls,
        device: str = "auto",
        *,
        precision: str = "auto",
        threads: int | None = None,
        background: bool = False,
    ) -> Engine:
        """Set up the device.

        Parameters
        ----------
        device
            ``auto``, ``cpu``, ``mps``, ``cuda`` or ``cuda:N``.
        precision
            ``auto`` or a name Fabric knows (``32-true``, ``bf16-mixed`` ...).
        threads
            Compute threads on the CPU; by default all, or all but one with ``background``.

        Raises
        ------
        ConfigError
            Device or precision that cannot be had; several processes of torchrun.
        """
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise ConfigError(
                "torchrun started several processes, which can share retrain, pretrain and study: start "
                "anything else without it"
            )
        ranks = current()
        name = own_card(choose_device(device), ranks)
        precision = choose_precision(name, precision)
        count = choose_threads(name, background, threads, ranks.place.beside)
        torch.set_num_threads(count)
        kind, _, index = name.partition(":")
        devices: list[int] | int = [int(index)] if index else 1
        try:
            fabric = Fabric(accelerator=kind, devices=devices, precision=cast("Any", precision))
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f"device {name}, precision {precision}: {error}") from error
        fabric.launch()
        if name.startswith("cuda"):
            torch.cuda.set_device(fabric.device)
        return cls(fabric, name, precision, count, ranks)

    @property
    def device(self) -> torch.device:
        """The device of tensors."""
        device: torch.device = self.fabric.device
        return device

    def setup(self, module: nn.Module, *optimizers: Optimizer) -> tuple[nn.Module, list[Optimizer]]:
        """Move a network to the device in channels_last and wrap it and its optimizers."""
        module = module.to(memory_format=torch.channels_last)
        wrapped = self.fabric.setup(module, *optimizers)
        if not optimizers:
            return wrapped, []
        return wrapped[0], list(wrapped[1:])

    def update(self, loss: Tensor, module: nn.Module, optimizer: Optimizer, clip: float = 1.0) -> Tensor:
        """One optimizer step: backward, clip the gradient's norm, step; returns the norm before clipping.

        With several processes it is the gradient of all of them.
        """
        optimizer.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        if self.ranks.world > 1:
            learning = (p for group in optimizer.param_groups for p in group["params"])
            self.ranks.average([p.grad for p in learning if p.grad is not None])
        norm = self.fabric.clip_gradients(module, optimizer, max_norm=clip, error_if_nonfinite=False)
        optimizer.step()
        return loss.new_zeros(()) if norm is None else norm
