"""Whether a process lives, with real processes."""

import os
import subprocess
import sys
import time

import psutil

from trainer.project.annotators.liveness import is_alive


def test_a_process_lives_until_it_ends_and_its_number_alone_proves_nothing():
    born = psutil.Process(os.getpid()).create_time()
    assert is_alive(os.getpid(), latest=born)
    assert not is_alive(os.getpid(), latest=born - 5), "an earlier process bore this number"
    assert not is_alive(os.getpid(), latest=born + 9, earliest=born + 5)
    assert not is_alive(None, latest=born)


def test_a_process_that_ended_is_dead_before_and_after_its_exit_status_is_read():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    born = psutil.Process(process.pid).create_time()
    assert is_alive(process.pid, latest=born)
    psutil.Process(process.pid).kill()
    while sys.platform != "win32" and psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert not is_alive(process.pid, latest=born)
    process.communicate()
    assert not is_alive(process.pid, latest=born)
