"""Beat: how each process of a training shows the others that it is alive, and its last words where it ends.

A process that is killed closes its connections, and the others hear of it at once. One that hangs, or whose
machine is out of reach, would keep them waiting: so each shows a count that grows every second. The first
watches all, the others watch the first.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from torch._C._distributed_c10d import TCPStore

from trainer.errors import ProcessLostError, SkinsegError

if TYPE_CHECKING:
    from types import TracebackType

    from trainer.engine.torchrun import Rank

EVERY = 1.0
SILENCE = 20.0
"""Seconds without a beat after which a process counts as lost."""
LOST = 1
"""Exit status of a process that cannot wait for another any longer."""


class Beat:
    """Shows that this process lives, and ends it where one that it watches no longer does.

    Parameters
    ----------
    place
        Of this process.
    host, port
        Of the store through which torchrun's processes meet.
    """

    def __init__(self, place: Rank, host: str, port: int) -> None:
        self.place = place
        # a connection of its own: a wait of the training must not hold back the beat
        self._store = TCPStore(host, port, is_master=False, timeout=timedelta(seconds=SILENCE))
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)

    def __enter__(self) -> Beat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        if error is None or isinstance(error, ProcessLostError):
            words = "done"
        else:
            why = str(error) if isinstance(error, SkinsegError) else type(error).__name__
            why = "it was interrupted" if isinstance(error, KeyboardInterrupt) else why
            words = f"process {self.place.rank} on {socket.gethostname()} ended: {why}"
        with suppress(RuntimeError):
            self._store.set(self._key("words", self.place.rank), words)
        self._thread.join(SILENCE)

    def last_words(self, seconds: float = 0.5) -> str:
        """Return why another process ended, if it says so within some seconds; else nothing."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with suppress(RuntimeError):
                for rank in range(self.place.world):
                    words = self._read("words", rank)
                    if words not in ("", "done"):
                        return words
            time.sleep(0.1)
        return ""

    def _key(self, what: str, rank: int) -> str:
        return f"skinseg/{self.place.attempt}/{what}/{rank}"

    def _read(self, what: str, rank: int) -> str:
        key = self._key(what, rank)
        return self._store.get(key).decode() if self._store.check([key]) else ""

    def _run(self) -> None:
        watched = range(self.place.world) if self.place.rank == 0 else range(1)
        seen: dict[int, tuple[str, float]] = {}
        count = 0
        while not self._end.wait(EVERY):
            count += 1
            try:
                self._store.set(self._key("beat", self.place.rank), str(count))
                for rank in watched:
                    now = self._read("beat", rank)
                    if now != seen.get(rank, ("-", 0.0))[0] or self._read("words", rank):
                        seen[rank] = now, time.monotonic()
            except RuntimeError:  # the store went with the process or the machine that held it
                seen.setdefault(0, ("", time.monotonic()))
            silent = [rank for rank, (_, at) in seen.items() if time.monotonic() - at > SILENCE]
            if silent and not self._end.is_set():
                self._give_up(silent[0])

    def _give_up(self, rank: int) -> None:
        """End this process: its training waits inside torch, where no exception reaches it."""
        sys.stderr.write(
            f"skinseg: process {rank} has not been heard of for {SILENCE:.0f} s: ending; start it again with "
            "--resume, it goes on from its checkpoint\n"
        )
        sys.stderr.flush()
        os._exit(LOST)
