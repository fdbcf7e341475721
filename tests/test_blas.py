"""Linear algebra on one thread, and as many as before afterwards."""

from __future__ import annotations

import subprocess
import sys
from threading import Event, Thread

from threadpoolctl import ThreadpoolController

from trainer.blas import one_blas_thread


def threads() -> dict[str, int]:
    """Threads of each library of linear algebra that is loaded."""
    found = ThreadpoolController().info()
    return {info["filepath"]: info["num_threads"] for info in found if info["user_api"] == "blas"}


def test_two_that_overlap_leave_the_number_of_threads_as_it_was():
    entered, leave, second = Event(), Event(), Event()

    def first() -> None:
        with one_blas_thread():
            entered.set()
            leave.wait(10)

    def other() -> None:
        with one_blas_thread():
            second.set()

    before = threads()
    workers = [Thread(target=first), Thread(target=other)]
    workers[0].start()
    assert entered.wait(10)
    workers[1].start()
    assert set(threads().values()) == {1}
    assert not second.wait(0.2), "it waits for the first"
    leave.set()
    for worker in workers:
        worker.join(10)
    assert second.is_set()
    assert threads() == before


def test_the_library_of_scipy_is_held_too_where_nothing_has_loaded_it_before():
    code = (
        "from trainer.blas import _libraries; "
        "print(sorted('scipy' in i['filepath'] for i in _libraries().info() if i['user_api'] == 'blas'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("True") == sum("scipy" in path for path in threads())
