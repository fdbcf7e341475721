"""Trainer process from outside: start it, ask it to stop, tell whether it lives."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psutil

from trainer.project.annotators.liveness import is_alive
from trainer.project.states import CommandKind

if TYPE_CHECKING:
    from trainer.project.project import Project

Liveness = Literal["running", "stale", "stopped"]

OUT = "trainer.out.log"
"""What the process prints; what it logs goes to `trainer.log`, which is kept from growing."""

PID = "trainer.pid"
"""Which process was started last, and when."""

_SEEN: dict[tuple[str, str | None, int | None], tuple[float, float]] = {}
"""Last heartbeat of each trainer, and when it was seen to change, by this process's own clock."""

DETACHED_PROCESS, NEW_PROCESS_GROUP = 0x00000008, 0x00000200


def start_trainer(project_path: str | Path, device: str = "auto", log: str | Path | None = None) -> int:
    """Start the background trainer detached: closing or killing the window does not end it.

    Parameters
    ----------
    project_path
        The project folder.
    device
        "auto", "cpu", "cuda" or "mps".
    log
        File for what the process prints; in the project folder by default.

    Returns
    -------
    int
        Its process id. That it really runs shows in `trainer_liveness` a few seconds later; a second trainer
        ends by itself.
    """
    path = Path(project_path)
    # -P: a folder "trainer" in the working directory must not be taken for the package.
    command = [sys.executable, "-P", "-m", "trainer", "trainer", str(path), "--device", device]
    with Path(log or path / OUT).open("ab") as out:
        if sys.platform == "win32":
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                creationflags=DETACHED_PROCESS | NEW_PROCESS_GROUP,
            )
        else:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
    process.returncode = 0  # it outlives us on purpose: no warning that it still runs
    _remember(path, process.pid)
    return process.pid


def trainer_liveness(project: Project) -> Liveness:
    """Tell whether the project's trainer lives: the one judgement, of window and command line alike.

    Clocks may differ or be put back: a heartbeat of the future says as little as an old one, and one that was
    seen to go on says more than any clock.

    Returns
    -------
    {"running", "stale", "stopped"}
        "stopped": it said so, never ran, or its process is gone. "stale": no sign of life for longer than
        `service.stale_seconds`, on another machine or hanging.
    """
    state = project.trainer.state()
    if state is None or state.state == "stopped":
        return "stopped"
    if state.host == socket.gethostname() and not is_alive(state.pid, latest=state.beat_at + 1.0):
        return "stopped"
    patience = project.settings.service.stale_seconds
    now, key = time.monotonic(), (str(project.path), state.host, state.pid)
    before, changed = _SEEN.get(key, (state.heartbeat, -math.inf))
    if state.heartbeat > before:
        changed = now
    _SEEN[key] = (state.heartbeat, changed)
    by_clock = abs(time.time() - state.beat_at) <= patience
    return "running" if by_clock or now - changed <= patience else "stale"


def stop_trainer(project: Project, by: str = "window", seconds: float = 30.0) -> bool:
    """Ask the trainer to stop and wait for it; if it does not, end its process where it is on this machine.

    One that was started a moment ago and has not given a sign of life yet is ended too: it has nothing to
    lose. Slow: call it in a thread when a window waits.

    Returns
    -------
    bool
        Whether no trainer runs any more.
    """
    if trainer_liveness(project) == "stopped":
        starting = _starting(project.path)
        return starting is None or _end(starting, seconds)
    project.trainer.send(CommandKind.STOP, by=by)
    if _wait_for_end(project, seconds):
        return True
    state = project.trainer.state()
    if state is not None and state.pid is not None and state.host == socket.gethostname():
        try:
            psutil.Process(state.pid).terminate()
        except psutil.NoSuchProcess:
            return True
    return _wait_for_end(project, 5.0)


def _wait_for_end(project: Project, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if trainer_liveness(project) == "stopped":
            return True
        time.sleep(0.1)
    return False


def _remember(path: Path, pid: int) -> None:
    """Note the process that was started, so that it can be ended before its first heartbeat."""
    try:
        created = psutil.Process(pid).create_time()
        (path / PID).write_text(json.dumps({"pid": pid, "created": created}), encoding="utf-8")
    except (psutil.Error, OSError):
        return  # it has ended already, or the disk is full: then only its heartbeat shows it


def _starting(path: Path) -> psutil.Process | None:
    """Find the process that was started last; None where it has ended."""
    try:
        noted = json.loads((path / PID).read_text(encoding="utf-8"))
        process = psutil.Process(int(noted["pid"]))
        same = abs(process.create_time() - float(noted["created"])) < 0.1
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, OSError, ValueError, KeyError, TypeError):
        return None


def _end(process: psutil.Process, seconds: float) -> bool:
    for ask in (process.terminate, process.kill):
        try:
            ask()
            process.wait(seconds)
        except psutil.NoSuchProcess:
            return True
        except psutil.TimeoutExpired:
            continue
        return True
    return False
