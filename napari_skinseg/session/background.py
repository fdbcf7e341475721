"""Work off the main thread, results on it: nothing touches a layer except from `poll`."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Background:
    """Two threads that read, one that writes in the order it was asked to, one that watches the catalog.

    Parameters
    ----------
    failed
        Called on the main thread with the exception of work that has no `failed` of its own.
    """

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="skinseg-read")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="skinseg-write")
        self._watcher = ThreadPoolExecutor(1, thread_name_prefix="skinseg-watch")
        self._results: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._failed = failed
        self._open = 0
        self._held: list[Callable[[], object]] | None = None

    def read(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Run `work` in a reading thread; `done` or `failed` follows on the main thread."""
        self._submit(self._readers, work, done, failed)

    def write(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Run `work` after everything that was given to `write` before."""
        self._submit(self._writer, work, done, failed)

    def watch(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Run `work` in a thread of its own: always the same one, which `Project.data_version` needs."""
        self._submit(self._watcher, work, done, failed)

    def hold(self) -> None:
        """Begin nothing new until `release`; what is asked for meanwhile keeps its order."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Begin what was asked for since `hold`."""
        held, self._held = self._held or [], None
        for begin in held:
            begin()

    @property
    def busy(self) -> bool:
        """Whether something is still under way or waits to be applied."""
        return self._open > 0

    def poll(self, budget: float = 0.02) -> None:
        """Apply results on the calling (main) thread, at most about `budget` seconds of them."""
        end = time.monotonic() + budget
        while True:
            try:
                apply = self._results.get_nowait()
            except Empty:
                return
            self._open -= 1
            apply()
            if time.monotonic() > end:
                return

    def finish(self, seconds: float) -> bool:
        """Apply results until nothing is under way; False when `seconds` were not enough."""
        self.release()
        end = time.monotonic() + seconds
        while self.busy:
            if time.monotonic() > end:
                return False
            self.poll()
            time.sleep(0.002)
        return True

    def close(self) -> None:
        """Start nothing more; what runs now ends by itself."""
        self.release()
        self._readers.shutdown(wait=True, cancel_futures=True)
        self._watcher.shutdown(wait=True, cancel_futures=True)
        self._writer.shutdown(wait=True)

    def _submit(
        self,
        pool: ThreadPoolExecutor,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[BaseException], None] | None,
    ) -> None:
        def publish(future: Future[T]) -> None:
            error = None if future.cancelled() else future.exception()
            if error is not None:
                self._results.put(lambda: (failed or self._failed)(error))
            elif not future.cancelled():
                self._results.put(lambda: done(future.result()))

        def begin() -> None:
            pool.submit(work).add_done_callback(publish)

        self._open += 1
        if self._held is None:
            begin()
        else:
            self._held.append(begin)
