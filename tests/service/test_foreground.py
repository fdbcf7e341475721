"""A command as a process of its own: its reply, its line of error, its progress, and its end on demand."""

from __future__ import annotations

import threading
import time

import pytest

from trainer.errors import SkinsegError
from trainer.service.foreground import Cancelled, CommandProcess, format_progress, parse_progress


def test_the_reply_comes_back_and_progress_on_the_way(tiny_folder, tmp_path):
    seen = []
    words = ["new", str(tmp_path / "study"), "--photos", str(tiny_folder.photos)]
    reply = CommandProcess(words).run(lambda *now: seen.append(now))
    assert reply == {"project": str(tmp_path / "study"), "photos": 12}
    assert seen == [("registering photos", 12, None)]


def test_an_error_is_the_line_of_the_command(tmp_path):
    with pytest.raises(SkinsegError, match=f"{tmp_path}: is no project") as raised:
        CommandProcess(["evaluate", str(tmp_path)]).run(lambda *now: None)
    assert "\n" not in str(raised.value)


def test_a_wrong_option_is_refused_in_the_same_way(tmp_path):
    with pytest.raises(SkinsegError, match="No such option"):
        CommandProcess(["evaluate", str(tmp_path), "--no-such-option"]).run(lambda *now: None)


def test_cancel_ends_the_process_before_and_while_it_runs(tmp_path):
    early = CommandProcess(["status", str(tmp_path)])
    early.cancel()
    with pytest.raises(Cancelled):
        early.run(lambda *now: None)
    # drawing this many photos takes minutes
    running = CommandProcess(
        ["demo", str(tmp_path / "demo"), "--headless", "--photos", "5000", "--no-weights"]
    )
    timer = threading.Timer(2.0, running.cancel)
    began = time.monotonic()
    timer.start()
    with pytest.raises(Cancelled):
        running.run(lambda *now: None)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("now", [("validating", 3, 12), ("photos", 7, None)])
def test_a_line_of_progress_says_the_same_when_it_is_read(now):
    assert parse_progress(format_progress(*now) + "\n") == now


@pytest.mark.parametrize("line", ["progress is slow", "progress [1]", "skinseg: failed", "progress {}"])
def test_other_lines_are_none(line):
    assert parse_progress(line) is None
