"""Linear algebra on one thread: for small matrices that a person waits for beside a trainer at work.

On busy cores the threads of the library wait for each other longer than one of them computes: a click took
199 ms beside two busy cores where one thread took 78 (49 and 56 ms on idle ones).
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

import scipy.linalg  # noqa: F401  its BLAS is another than numpy's, and found only once it is loaded
from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONE_AT_A_TIME = Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Use one thread within, in the whole process; who comes meanwhile waits.

    Of two that overlap, the one that ends last would restore the single thread of the other.
    """
    with _ONE_AT_A_TIME, _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """Find the libraries of linear algebra, once: that takes longer than what they are asked."""
    return ThreadpoolController()
