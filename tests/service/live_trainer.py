"""A real trainer process on a tiny project."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from trainer.cli.main import main
from trainer.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUICK = """
[training]
encoder = "tu-test_resnet"
recipe = "supervised"
long_side = 96
size = 64
batch = 4
steps_fast = 5
steps_full = 5
lr = 0.003
seed = 1

[queue]
predict_ahead = 2

[service]
poll_seconds = 0.05
checkpoint_seconds = 1.0
"""


class Trainer:
    """`skinseg trainer` as a process of its own, and the project it works on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.project = Project.open(path)
        self.process: subprocess.Popen[str] | None = None

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-P",
            "-m",
            "trainer",
            "trainer",
            str(self.path),
            "--device",
            "cpu",
            *words,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return self.process

    def wait_for(self, what: Callable[[], Any], seconds: float = 60) -> Any:
        """The first true answer of `what`; fails with the trainer's log when none comes in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if answer := what():
                return answer
            time.sleep(0.05)
        log = self.path / "trainer.log"
        state = self.project.trainer.state()
        pytest.fail(
            f"waited {seconds} s; state {state}\n{log.read_text()[-3000:] if log.exists() else 'no log'}"
        )

    def state(self) -> str:
        row = self.project.trainer.state()
        return row.state if row is not None else ""

    def ask(self, kind: str, **args: Any) -> str:
        """Send a command, wait until it is acknowledged, and return what came of it."""
        number = self.project.trainer.send(kind, by="test", **args)
        return str(
            self.wait_for(lambda: (c := self.project.trainer.command(number)).acknowledged and c, 30).result
        )

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        self.project.close()


def write_settings(path: Path, text: str) -> None:
    """Add sections to the project's settings."""
    file = path / "skinseg.toml"
    file.write_text(file.read_text() + "\n" + text)


def make_project(tiny_folder: Any, path: Path) -> Path:
    """A new project on the tiny photos, with their masks and quick settings."""
    assert (
        main(["new", str(path), "--photos", str(tiny_folder.photos), "--groups", str(tiny_folder.groups)])
        == 0
    )
    assert main(["import", str(path), str(tiny_folder.masks)]) == 0
    write_settings(path, QUICK)
    return path
