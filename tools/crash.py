"""`kill -9` at random moments, of the trainer, of a writer, of both: after each the project must be whole.

python -m tools.crash FOLDER --kills 1000                  on SQLite
python -m tools.crash FOLDER --kills 200 --postgres own    on a PostgreSQL server of its own, or at a URL

Goes on where it was: FOLDER/kills.jsonl has a line for each kill. Every batch has a project of its own, which
is kept where something was wrong. Ends with 1 if anything was.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from tools.crash_checks import check
from tools.crash_victims import entries
from tools.postgres import fresh_database, server
from tools.tiny_rounds import TINY_ROUNDS
from trainer.networks.published.folder import FOLDER_VARIABLE
from trainer.project.project import Project

PHOTOS, HEIGHT, WIDTH = 400, 96, 120
VICTIMS = (("writer", 50), ("trainer", 35), ("both", 15))
WHOLE_EVERY = 8
"""Kills from one look at everything to the next."""
OPEN_SECONDS = 120.0
SETTINGS = (
    TINY_ROUNDS
    + """\
[queue]
first_model_after = 2
[service]
checkpoint_seconds = 0.5
"""
)


class Nursery:
    """Process that forks victims; see `crash_victims`."""

    def __init__(self) -> None:
        words = [sys.executable, "-m", "tools.crash_victims", "nursery"]
        pipe = subprocess.PIPE
        # Weights of this machine would have the trainer look at photos for seconds before it trains.
        one = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
        alone = {**os.environ, **one, FOLDER_VARIABLE: os.devnull, "NUMBA_THREADING_LAYER": "workqueue"}
        self._process = subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, env=alone)
        self._line()

    def bear(self, **order: str) -> psutil.Process:
        """Start a victim."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return psutil.Process(int(self._line()))

    def close(self) -> None:
        """End it; victims live on."""
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError("the nursery has died")
        return line


@dataclass
class Batch:
    """A project and the two that work on it."""

    folder: Path
    nursery: Nursery
    rng: random.Random
    windows: float
    started: int = 0
    alive: dict[str, psutil.Process] = field(default_factory=dict)
    whole_windows: set[str] = field(default_factory=set)

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def journal(self) -> Path:
        return self.folder / "journal.jsonl"

    def start(self) -> None:
        """Start whoever does not live."""
        for victim in ("writer", "trainer"):
            if victim in self.alive:
                continue
            self.started += 1
            seed = f"{self.folder.name}/{self.started}"
            log = self.folder / f"{victim}.log"
            if victim == "writer" and self.rng.random() < self.windows:
                self.alive[victim] = self._window(seed, log)
                continue
            self.whole_windows.discard(victim)
            where = {"project": str(self.project), "journal": str(self.journal), "log": str(log)}
            self.alive[victim] = self.nursery.bear(victim=victim, seed=seed, **where)

    def kill(self, victims: list[str]) -> list[str]:
        """Kill them at once; return who had ended before, by itself."""
        ended = [name for name in victims if not _lives(self.alive[name])]
        at = time.time()
        for name in victims:
            if name not in ended:
                os.kill(self.alive[name].pid, signal.SIGKILL)
        for name in victims:
            process = self.alive.pop(name)
            while _lives(process):
                time.sleep(0.002)
        if "writer" in victims:
            with self.journal.open("a") as book:
                book.write(f'\n{{"killed": {at}}}\n')
        return [f"the {name} ended by itself: {_tail(self.folder / f'{name}.log')}" for name in ended]

    def _window(self, seed: str, log: Path) -> psutil.Process:
        """Start the whole window, and wait until it paints."""
        words = [sys.executable, "-m", "tools.crash_victims", "window"]
        words += [str(self.project), str(self.journal), seed]
        with log.open("ab") as out:
            process = psutil.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.whole_windows.add("writer")
        end = time.monotonic() + OPEN_SECONDS
        while _lives(process) and time.monotonic() < end:
            if any(entry.get("opened") == process.pid for entry in entries(self.journal)):
                break
            time.sleep(0.1)
        return process


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return " | ".join(lines[-3:])


def draw_photos(folder: Path) -> Path:
    """Small photos of noise."""
    noise = np.random.default_rng(3)
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(PHOTOS):
        if not (file := folder / f"{index:03}.jpg").exists():
            Image.fromarray(noise.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)).save(file)
    return folder


def run_batch(
    options: argparse.Namespace, nursery: Nursery, number: int, first: int, url: str | None
) -> None:
    """Kill up to `options.batch` times on one project, and look at it after each."""
    folder = options.folder / f"batch-{number:04}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rng = random.Random(f"{options.seed}/{number}")
    batch = Batch(folder, nursery, rng, options.windows)
    with Project.create(batch.project, database_url=url) as made:
        made.registration.add_folder(options.folder / "photos")
    with (batch.project / "skinseg.toml").open("a") as file:
        file.write(SETTINGS)
    try:
        kill_and_check(options, batch, number, first, url)
    finally:
        batch.kill(list(batch.alive))


def kill_and_check(
    options: argparse.Namespace, batch: Batch, number: int, first: int, url: str | None
) -> None:
    """Kill, look, and write a line, again and again."""
    rng, known = batch.rng, set[str]()
    last = min(options.batch, options.kills - first)
    for at in range(last):
        began = time.monotonic()
        batch.start()
        after = rng.uniform(0.05, 2.5) if rng.random() < 0.8 else rng.uniform(4.0, 8.0)
        time.sleep(after)
        name = rng.choices(*zip(*VICTIMS, strict=True))[0]
        victims = ["writer", "trainer"] if name == "both" else [name]
        whole_window = "writer" in victims and "writer" in batch.whole_windows
        wrong = batch.kill(victims)
        whole = at % WHOLE_EVERY == WHOLE_EVERY - 1 or at == last - 1
        if at == last - 1:
            wrong += batch.kill(list(batch.alive))
        wrong += check(batch.project, batch.journal, whole, rng)
        wrong = [what for what in wrong if what not in known]
        known.update(wrong)
        line = {"kill": first + at, "batch": number, "victim": name, "window": whole_window}
        line |= {"after": round(after, 3), "database": "postgresql" if url else "sqlite", "wrong": wrong}
        line |= {"seconds": round(time.monotonic() - began, 2), "whole": whole}
        if at == last - 1:
            line["work"] = work_of(batch)
        with (options.folder / "kills.jsonl").open("a") as ledger:
            ledger.write(json.dumps(line) + "\n")
        progress(options)
    if not known:
        shutil.rmtree(batch.folder)


def work_of(batch: Batch) -> dict[str, int]:
    """Count what the two did between the kills."""
    kinds = ("stroke", "draft", "saved", "opened")
    done = Counter(kind for entry in entries(batch.journal) for kind in kinds if kind in entry)
    with Project.open(batch.project) as project:
        models = project.models.all()
        done["models"] = len(models)
        done["served"] = sum(model.decision is not None and "old" not in model.decision for model in models)
    return dict(done)


def lines_of(folder: Path) -> list[dict]:  # type: ignore[type-arg]
    """Read the ledger."""
    return list(entries(folder / "kills.jsonl"))


def progress(options: argparse.Namespace) -> None:
    """Say how many are done, and how long the others will take."""
    lines = lines_of(options.folder)
    latest = lines[-50:]
    left = (options.kills - len(lines)) * sum(line["seconds"] for line in latest) / len(latest)
    wrong = sum(bool(line["wrong"]) for line in lines)
    said = f"{len(lines):,} of {options.kills:,} kills, {wrong} with a finding, {left / 60:.0f} min left"
    print(said, end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


def main() -> int:
    """Kill until there have been as many as were asked for."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("folder", type=Path)
    words.add_argument("--kills", type=int, default=1000)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--batch", type=int, default=24, help="kills on one project")
    words.add_argument("--windows", type=float, default=0.03, help="share of writers that are whole windows")
    words.add_argument("--postgres", metavar="URL", help="of a server; own: one of its own")
    options = words.parse_args()
    options.folder = options.folder.resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that victims end with us
    draw_photos(options.folder / "photos")
    with ExitStack() as stack:
        at = options.postgres
        if at == "own":
            at = stack.enter_context(server()).url()
        nursery = Nursery()
        stack.callback(nursery.close)
        while (done := len(lines := lines_of(options.folder))) < options.kills:
            number = 1 + max((line["batch"] for line in lines), default=-1)
            with ExitStack() as of_batch:
                url = of_batch.enter_context(fresh_database(at)) if at else None
                run_batch(options, nursery, number, done, url)
    wrong = [line for line in lines_of(options.folder) if line["wrong"]]
    for line in wrong[:20]:
        print(f"kill {line['kill']} of batch {line['batch']} ({line['victim']}): {line['wrong'][:3]}")
    print(f"{done:,} kills, {len(wrong):,} with a finding")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
