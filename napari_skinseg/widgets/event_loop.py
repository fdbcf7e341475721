"""Qt's event loop, turned for a while by programs that drive the window themselves."""

from __future__ import annotations

import time

from qtpy.QtWidgets import QApplication

TURN_SECONDS = 0.01


def settle(seconds: float) -> None:
    """Let the window work for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(TURN_SECONDS)
