"""Device of the trainer's process, and its priority beside the window."""

from __future__ import annotations

import os
from contextlib import suppress


def prepare_device(device: str, background: bool) -> str:
    """Load torch and choose the device; lower the priority where training shares the window's processor."""
    from trainer.engine.device import choose_device

    chosen = choose_device(device)
    if background and chosen == "cpu" and hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(10)
    return chosen
