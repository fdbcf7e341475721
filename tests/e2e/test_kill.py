"""`kill -9` at random moments, of the window and of the trainer: what a person made is still there."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from trainer.project.doctor import doctor
from trainer.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNSAVED_SECONDS = 5.0
"""No more than this much unsaved work may be lost."""
PAINTER = Path(__file__).with_name("painter.py")
SETTINGS = """
[training]
encoder = "tu-test_resnet"
long_side = 96
size = 64
batch = 4
steps_fast = 20
[queue]
first_model_after = 2
"""


class Victims:
    """The two processes on one project, started again after each kill."""

    def __init__(self, project: Path, journal: Path) -> None:
        self.project, self.journal = project, journal
        self.window = self.start_window()
        self.trainer = self.start_trainer()

    def start_window(self) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-P", str(PAINTER), str(self.project), str(self.journal)]
        return subprocess.Popen(words, stderr=(self.journal.parent / "window.log").open("ab"))

    def start_trainer(self) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-P", "-m", "trainer", "trainer", str(self.project), "--device", "cpu"]
        return subprocess.Popen(words, stderr=(self.journal.parent / "trainer-out.log").open("ab"))

    def kill(self, name: str) -> float:
        """Kill one of them the hard way; returns when that was."""
        process = getattr(self, name)
        assert process.poll() is None, f"the {name} ended by itself before it was killed"
        os.kill(process.pid, signal.SIGKILL)
        at = time.time()
        process.wait()
        return at

    def end(self) -> None:
        for process in (self.window, self.trainer):
            process.kill()
            process.wait()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of 120 small photos without masks."""
    photos = tmp_path / "photos"
    photos.mkdir()
    noise = np.random.default_rng(3)
    for index in range(120):
        picture = noise.integers(0, 255, (96, 120, 3), np.uint8)
        Image.fromarray(picture).save(photos / f"{index:03}.jpg")
    path = tmp_path / "study"
    with Project.create(path) as made:
        made.registration.add_folder(photos)
    with (path / "skinseg.toml").open("a") as file:
        file.write(SETTINGS)
    return path


@pytest.fixture
def victims(project: Path, tmp_path: Path) -> Iterator[Victims]:
    made = Victims(project, tmp_path / "journal.jsonl")
    yield made
    made.end()


def test_killing_the_window_or_the_trainer_loses_nothing_that_is_older_than_five_seconds(
    victims: Victims,
) -> None:
    kill_and_check(victims, kills=3, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_kills_in_a_row_lose_nothing(victims: Victims) -> None:
    kill_and_check(victims, kills=10, seed=2)


def kill_and_check(victims: Victims, kills: int, seed: int) -> None:
    """Kill one process after the other at random moments, and look for every stroke after each."""
    moment = random.Random(seed)
    kept: list[dict[str, float]] = []
    seen = 0
    for number in range(kills):
        # Long enough that strokes older than five seconds exist, short enough to hit unsaved ones.
        wait_for(lambda from_=seen: len(strokes(victims.journal)) > from_, 60)
        time.sleep(moment.uniform(2, 9))
        name = "window" if number % 3 != 2 else "trainer"
        at = victims.kill(name)
        made = strokes(victims.journal)
        if name == "window":
            kept = [stroke for stroke in kept if stroke["at"] < at]
            with Project.open(victims.project) as opened:
                kept += [s for s in made[seen:] if s["at"] < at - UNSAVED_SECONDS or is_there(opened, s)]
            seen = len(made)
            victims.window = victims.start_window()
        else:
            victims.trainer = victims.start_trainer()
        with Project.open(victims.project) as opened:
            missing = [stroke for stroke in kept if not is_there(opened, stroke)]
        assert not missing, f"kill {number} of the {name} lost {len(missing)} of {len(kept)}: {missing[:3]}"
    assert len(kept) > 20 * kills
    with Project.open(victims.project) as opened:
        assert opened.photos.counts().labelled > 0
        assert not [finding for finding in doctor(opened) if finding.level == "error"]


def strokes(journal: Path) -> list[dict[str, float]]:
    """Every stroke that was made; the last line of a killed window may be torn."""
    made = []
    for line in journal.read_text().splitlines() if journal.exists() else []:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if "photo" in entry:
            made.append(entry)
    return made


def is_there(opened: Project, stroke: dict[str, float]) -> bool:
    """Whether a stroke is in the draft of its photo, or in the saved mask."""
    place = int(stroke["row"]), int(stroke["column"])
    found = []
    if (draft := opened.drafts.get(int(stroke["photo"]), "painter")) is not None:
        found.append(opened.drafts.read(draft)[0][place])
    if (head := opened.masks.head(int(stroke["photo"]))) is not None:
        found.append(opened.masks.read(head)[0][place])
    return stroke["value"] in found


def wait_for(what: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.1)
