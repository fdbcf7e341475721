"""Small scale of all studies: a CPU finishes one within the hour."""

from __future__ import annotations

SMALL_TRAINING: dict[str, object] = {
    "encoder": "tu-resnet10t",
    "long_side": 96,
    "size": 80,
    "batch": 8,
    "bn_batches": 10,
    "threads": 1,
}
"""Photos of 96 pixels, a small encoder, one thread: so that two processes share two cores."""
SMALL_STEPS = 160
