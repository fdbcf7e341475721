"""Heartbeat of the trainer, written by its own thread: a long step does not look like a crash."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

from trainer.errors import UnreachableError
from trainer.service.schedule import LEARNING_COLOURS, PRETEXT

if TYPE_CHECKING:
    from trainer.project.project import Project
    from trainer.training.round_context import RoundProgress

log = logging.getLogger(__name__)


class Heartbeat:
    """Thread that keeps the trainer's state row fresh.

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
        self._fields: dict[str, object] = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "state": "starting",
            "started": time.time(),
            "message": "",
        }
        self._wake = threading.Event()
        self._ended = self._away = False
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    @property
    def state(self) -> str:
        """State shown at present."""
        return str(self._fields["state"])

    @property
    def message(self) -> str:
        """Message shown at present."""
        return str(self._fields["message"])

    def start(self) -> None:
        """Write the first beat, then go on in the background."""
        self._beat()
        self._thread.start()

    def show(self, **fields: object) -> None:
        """Change what is shown; another state or message goes out at once, a step with the next beat."""
        with self._lock:
            urgent = any(
                self._fields.get(key) != fields[key] for key in ("state", "message") if key in fields
            )
            self._fields.update(fields)
        if urgent:
            self._wake.set()

    def show_state(self, state: str, message: str) -> None:
        """Show a state in which no round is under way."""
        self.show(state=state, message=message, step=None, steps=None, seconds_left=None)

    def show_progress(self, progress: RoundProgress) -> None:
        """Show how far a round is."""
        self.show(
            state="validating" if progress.phase == "validate" else "training",
            round=progress.round_id,
            lane=progress.lane,
            step=progress.step,
            steps=progress.steps,
            seconds_left=progress.seconds_left,
            message=LEARNING_COLOURS if progress.recipe == PRETEXT else "",
        )

    def end(self, state: str = "stopped", message: str = "") -> None:
        """Stop beating and leave `state` as the last one."""
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
            self._project.trainer.write_state(**fields)
            self._away = False
        except UnreachableError as error:
            if not self._away:
                log.warning("no heartbeat until it is back: %s", error)
            self._away = True
        except Exception:  # a full disk or a busy catalog must not end the only sign of life
            log.exception("could not write the heartbeat; trying again")
