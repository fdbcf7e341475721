"""Waiting for what a session does in its threads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_skinseg.session.session import AnnotationSession


def poll_until(session: AnnotationSession, done: Callable[[], bool], seconds: float) -> bool:
    """Poll a session until `done`, so many seconds at most; return whether it is."""
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.01)
        session.poll()
    return done()
