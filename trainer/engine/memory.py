"""Recovery from out-of-memory errors, and memory given back to the device."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether torch ran out of memory, on whichever device."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "out of memory" in text or "not enough memory" in text or "can't allocate memory" in text
    )


def run_with_smaller_batches(
    run: Callable[[int], T],
    batch: int,
    *,
    smallest: int = 2,
    on_smaller: Callable[[int], None] | None = None,
) -> tuple[T, int]:
    """Call ``run(batch)``, halving the batch each time memory runs out.

    Parameters
    ----------
    run
        Must leave nothing half-done behind when it raises.
    smallest
        Below this the error is passed on.
    on_smaller
        Called with each new batch size.

    Returns
    -------
    result, int
        What ``run`` returned and the batch size it returned it for.
    """
    while True:
        try:
            return run(batch), batch
        except (RuntimeError, torch.OutOfMemoryError) as error:
            if not is_out_of_memory(error) or batch // 2 < smallest:
                raise
        batch //= 2  # outside the except block, so that the traceback's tensors are free
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if on_smaller is not None:
            on_smaller(batch)


def release_device_memory() -> None:
    """Give cached memory back to the device, as far as torch was ever loaded."""
    import gc
    import sys

    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
