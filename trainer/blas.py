"""Linear algebra on one thread: for small matrices that a person waits for beside a trainer at work.

On busy cores the threads of the library wait for each other longer than one of them computes: a click took
199 ms beside two busy cores where one thread took 78 (49 and 56 ms on idle ones).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def one_blas_thread() -> AbstractContextManager[object]:
    """Use one thread within; for the whole process, not for the calling thread alone."""
    found: AbstractContextManager[object] = _libraries().limit(limits=1)
    return found


@cache
def _libraries() -> ThreadpoolController:
    """Find the libraries of linear algebra, once: that takes longer than what they are asked."""
    return ThreadpoolController()
