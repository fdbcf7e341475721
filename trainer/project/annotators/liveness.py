"""Liveness of processes on this machine, told apart from later ones that bear the same number."""

from __future__ import annotations

import psutil


def is_alive(pid: int | None, latest: float, earliest: float = 0.0) -> bool:
    """Tell whether a process lives that was started between two moments.

    Systems give the number of an ended process to a later one, so the number alone says little.

    Parameters
    ----------
    pid : int or None
        Its number; None: not known, which counts as dead.
    latest, earliest : float
        Bounds of its start, seconds since the epoch.
    """
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        # A zombie has ended: only its exit status waits for whoever started it.
        return bool(process.status() != psutil.STATUS_ZOMBIE and earliest <= process.create_time() <= latest)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # it is there, and somebody else's
        return True
