"""A program that a command runs ends with the command, and so does what it started."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import psutil
import pytest

from trainer.cli.child import run_child

STARTS_ANOTHER = (
    "import subprocess, sys, time; "
    "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True); "
    "time.sleep(60)"
)
COMMAND = f"""
import sys
from trainer.cli.child import run_child
try:
    run_child([sys.executable, "-c", {STARTS_ANOTHER!r}])
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_its_status_is_handed_on():
    assert run_child([sys.executable, "-c", "raise SystemExit(3)"]) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_nothing_that_was_started_outlives_a_command_that_is_asked_to_end():
    command = subprocess.Popen([sys.executable, "-c", COMMAND], stdout=subprocess.PIPE, text=True)
    assert command.stdout is not None
    started = psutil.Process(int(command.stdout.readline()))
    command.send_signal(signal.SIGTERM)
    assert command.wait(30) == 130
    end = time.monotonic() + 10
    while started.is_running() and started.status() != psutil.STATUS_ZOMBIE and time.monotonic() < end:
        time.sleep(0.05)
    assert not started.is_running() or started.status() == psutil.STATUS_ZOMBIE
    command.stdout.close()
