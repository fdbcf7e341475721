"""The trainer's sign of life, written by a thread of its own: a long step does not look like a death."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer.project.project import Project

log = logging.getLogger(__name__)


class Heartbeat:
    """Keeps the trainer's state row fresh.

    Parameters
    ----------
    project : Project
        Where the row lives.
    seconds : float
        Time between two beats.
    """

    def __init__(self, project: Project, seconds: float) -> None:
        self._project = project
        self._seconds = seconds
        self._lock = threading.Lock()
        self._fields: dict[str, Any] = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "state": "starting",
            "started": time.time(),
            "message": "",
        }
        self._wake = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    @property
    def state(self) -> str:
        return str(self._fields["state"])

    @property
    def message(self) -> str:
        return str(self._fields["message"])

    def start(self) -> None:
        """Write the first beat, then go on in the background."""
        self._beat()
        self._thread.start()

    def tell(self, **fields: Any) -> None:
        """Change what is told; another state or message goes out at once, a step with the next beat."""
        with self._lock:
            urgent = any(
                self._fields.get(key) != fields[key] for key in ("state", "message") if key in fields
            )
            self._fields.update(fields)
        if urgent:
            self._wake.set()

    def end(self, state: str = "stopped", message: str = "") -> None:
        """Stop beating and leave `state` as the last word."""
        self._ended = True
        self._wake.set()
        self._thread.join(timeout=10)
        with self._lock:
            self._fields.update(state=state, message=message, step=None, steps=None, seconds_left=None)
        self._beat()

    def _run(self) -> None:
        while not self._ended:
            self._wake.wait(self._seconds)
            self._wake.clear()
            if not self._ended:
                self._beat()

    def _beat(self) -> None:
        with self._lock:
            fields = dict(self._fields)
        try:
            self._project.trainer.write_state(**fields, heartbeat=time.time())
        except Exception:  # a full disk or a busy catalog must not end the only sign of life
            log.exception("could not write the heartbeat; trying again")
