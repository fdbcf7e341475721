"""Background work: it runs in threads, and its results are applied on the main thread, in `poll`."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from psygnal import Signal

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Background:
    """Two threads that read, one each that writes in order, watches the catalog, and draws small pictures."""

    failed = Signal(object)
    """Work without a `failed` of its own has raised: the exception, on the main thread."""

    def __init__(self) -> None:
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="skinseg-read")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="skinseg-write")
        self._watcher = ThreadPoolExecutor(1, thread_name_prefix="skinseg-watch")
        self._painter = ThreadPoolExecutor(1, thread_name_prefix="skinseg-draw")
        self._results: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._open, self._closed = 0, False
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
        """Run `work` after all work given to `write` before."""
        self._submit(self._writer, work, done, failed)

    def watch(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Run `work` in a thread of its own: always the same one, which `Project.data_version` needs."""
        self._submit(self._watcher, work, done, failed)

    def draw(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Run `work` in a thread of its own, so that no list of pictures keeps a photo waiting.

        Does nothing after `close`: a list may still be painted then.
        """
        if not self._closed:
            self._submit(self._painter, work, done, failed)

    def hold(self) -> None:
        """Begin no work until `release`; calls meanwhile keep their order."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Begin the work held back since `hold`."""
        held, self._held = self._held or [], None
        for begin in held:
            begin()

    @property
    def busy(self) -> bool:
        """Whether work is under way or a result waits to be applied."""
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
        """Apply results until nothing is under way; return False when `seconds` were not enough."""
        self.release()
        end = time.monotonic() + seconds
        while self.busy:
            if time.monotonic() > end:
                return False
            self.poll()
            time.sleep(0.002)
        return True

    def close(self) -> None:
        """Wait for what runs, and cancel what has not begun, except writes."""
        self.release()
        self._closed = True
        self._readers.shutdown(wait=True, cancel_futures=True)
        self._watcher.shutdown(wait=True, cancel_futures=True)
        self._painter.shutdown(wait=True, cancel_futures=True)
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
                self._results.put(lambda: failed(error) if failed else self.failed.emit(error))
            elif not future.cancelled():
                self._results.put(lambda: done(future.result()))

        def begin() -> None:
            try:
                future = pool.submit(work)
            except RuntimeError:
                if self._closed:
                    raise
                future = Future()  # the program is at its end and starts no thread any more: here and now
                try:
                    future.set_result(work())
                except Exception as error:
                    future.set_exception(error)
            future.add_done_callback(publish)

        self._open += 1
        if self._held is None:
            begin()
        else:
            self._held.append(begin)
