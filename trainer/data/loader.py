"""Batches of crops, made ahead in background threads."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from trainer.data.augment import to_unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.data.crops import LabelledCrops, UnlabelledCrops

PREFETCH = 3
"""Batches made ahead of the one in use."""


@dataclass(frozen=True)
class Batch:
    """Crops on the device: ``image`` (N, 3, S, S) float32 in [-1, 1], ``target`` (N, S, S) uint8."""

    image: Tensor
    target: Tensor


class Batches(Protocol):
    """Source of the batches of a training."""

    size: int
    """Crops, or pixels, in a batch, of all processes."""

    def batch(self, step: int) -> Batch:
        """Return the batch of one step, whichever was asked for before."""
        ...

    def resize(self, batch: int) -> None:
        """Go on with another batch size."""
        ...

    def close(self) -> None:
        """Stop what runs in the background."""
        ...


class Loader:
    """Makes batches ahead in background threads.

    Parameters
    ----------
    crops
        Source of single crops.
    batch
        Crops per batch; :meth:`resize` changes it.
    device
        Where batches go.
    workers
        Threads; decoding and augmenting release Python's lock.
    share
        Which crops of a batch of so many this process makes, where several share it.
    """

    def __init__(
        self,
        crops: LabelledCrops | UnlabelledCrops,
        batch: int,
        device: torch.device,
        workers: int,
        share: Callable[[int], range] = range,
    ) -> None:
        self.crops, self.size, self.device, self.share = crops, batch, device, share
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="crops")
        self._made: dict[tuple[int, int], Future[tuple[Tensor, Tensor]]] = {}

    def batch(self, step: int) -> Batch:
        """Return the batch of one step, and start on those of the next steps."""
        self._order(step)
        pairs = [self._made.pop((step, slot)).result() for slot in self.share(self.size)]
        self._order(step + 1)
        side = self.crops.plan.size
        none = torch.zeros(0, 4, side, side, dtype=torch.uint8)
        image = torch.stack([image for image, _ in pairs]) if pairs else none[:, :3]
        target = torch.stack([target for _, target in pairs]) if pairs else none[:, 3]
        if self.device.type == "cuda":
            image, target = image.pin_memory(), target.pin_memory()
        image = image.to(self.device, non_blocking=True)
        image = to_unit(image).contiguous(memory_format=torch.channels_last)
        return Batch(image, target.to(self.device, non_blocking=True))

    def resize(self, batch: int) -> None:
        """Go on with another batch size."""
        self._cancel()
        self.size = batch

    def close(self) -> None:
        """Stop the threads; waits for crops that are being made."""
        self._cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _order(self, step: int) -> None:
        for ahead in range(step, step + PREFETCH):
            for slot in self.share(self.size):
                if (ahead, slot) not in self._made:
                    self._made[ahead, slot] = self._pool.submit(self.crops.draw, ahead, slot, self.size)

    def _cancel(self) -> None:
        for future in self._made.values():
            future.cancel()
        self._made.clear()
