"""The window tells a living trainer from a dead one, starts it apart from itself, and ends it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from trainer.service import process
from trainer.service.process import start_trainer, stop_trainer, trainer_liveness


def beat(project, pid: int, host: str | None = None, state: str = "idle", age: float = 0.0) -> None:
    project.trainer.write_state(
        pid=pid, host=host or socket.gethostname(), state=state, heartbeat=time.time() - age
    )


def test_liveness_follows_heartbeat_and_process(project):
    assert trainer_liveness(project) == "stopped"
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    time.sleep(0.05)
    beat(project, sleeper.pid)
    assert trainer_liveness(project) == "running"
    beat(project, sleeper.pid, age=-0.5)
    assert trainer_liveness(project) == "running"
    sleeper.kill()
    while psutil.Process(sleeper.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert trainer_liveness(project) == "stopped", "a zombie does not train"
    sleeper.wait()
    assert trainer_liveness(project) == "stopped", "noticed before the heartbeat grows old"
    beat(project, 1, host="elsewhere")
    assert trainer_liveness(project) == "running"
    beat(project, 1, host="elsewhere", age=10)
    assert trainer_liveness(project) == "stale"
    beat(project, os.getpid(), state="stopped")
    assert trainer_liveness(project) == "stopped"


def test_another_process_with_the_same_number_is_not_the_trainer(project):
    beat(project, os.getpid(), age=time.time() - psutil.Process().create_time() + 60)
    assert trainer_liveness(project) == "stopped"


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal to a group")
def test_the_trainer_is_started_in_a_session_of_its_own_and_stopped(project, tmp_path, monkeypatch):
    """A stand-in for the trainer's program: it beats, and does not listen to commands."""
    stand_in = tmp_path / "trainer"
    stand_in.mkdir()
    (stand_in / "__main__.py").write_text(
        "import os, socket, sys, time\n"
        "sys.path.pop(0)\n"
        "from trainer.project.project import Project\n"
        "project = Project.open(sys.argv[2])\n"
        "while True:\n"
        "    project.trainer.write_state(pid=os.getpid(), host=socket.gethostname(), state='idle')\n"
        "    time.sleep(0.1)\n"
    )
    launcher = tmp_path / "python"
    launcher.write_text(f'#!/bin/sh\nshift 3\nexec {sys.executable} {stand_in} "$@"\n')
    launcher.chmod(0o755)
    monkeypatch.setattr(process.sys, "executable", str(launcher))
    pid = start_trainer(project.path, device="cpu")
    try:
        end = time.monotonic() + 20
        while trainer_liveness(project) != "running":
            assert time.monotonic() < end
            time.sleep(0.05)
        assert os.getsid(pid) != os.getsid(0), "closing the window's terminal must not reach it"
        assert stop_trainer(project, seconds=0.5)
        assert trainer_liveness(project) == "stopped"
        assert project.trainer.pending()[0].kind == "stop"
    finally:
        os.killpg(pid, signal.SIGKILL) if psutil.pid_exists(pid) else None


def test_a_trainer_that_is_still_starting_is_ended_too(project):
    """The real program, asked to stop before its first sign of life."""
    pid = start_trainer(project.path, device="cpu")
    assert trainer_liveness(project) == "stopped"
    assert stop_trainer(project, seconds=10)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert trainer_liveness(project) == "stopped"


def test_a_process_that_only_has_the_number_of_a_trainer_is_left_alone(project):
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        note = {"pid": sleeper.pid, "created": psutil.Process(sleeper.pid).create_time() - 100}
        (project.path / process.PID).write_text(json.dumps(note))
        assert stop_trainer(project, seconds=1)
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()
