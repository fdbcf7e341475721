"""Measure a team: annotators who claim, draft, save, skip, flag and take back, and a trainer beside them.

Run:  python -m benchmarks.team [--annotators 20] [--minutes 2] [--database URL] [--no-trainer]

On a PostgreSQL server of its own unless one is named (``--database sqlite``: on SQLite). Prints a table and
writes benchmarks/results/team.json; fails where a photo was in two hands at once or an annotation was lost.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from PIL import Image

from benchmarks.store import row
from tools.postgres import fresh_database, server
from tools.team_annotator import HEIGHT, WIDTH, Annotator, Diary, digest
from tools.tiny_rounds import TINY_ROUNDS
from trainer.networks.published.folder import FOLDER_VARIABLE
from trainer.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = Path(__file__).parent / "results" / "team.json"
THREADS = 5
"""Annotators in one process; each has a project, and connections, of its own."""


def a_few(path: Path, names: list[str], minutes: float, pause: float) -> Diary:
    """Have some annotators work in threads of this process."""
    annotators = [Annotator(path, name, pause) for name in names]
    start = time.monotonic()
    threads = [
        threading.Thread(target=each.work, args=(start + minutes * 60,), name=each.name)
        for each in annotators
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = Diary()
    for each in annotators:
        together.add(each.diary)
    return together


def _in_a_process(results: Any, *arguments: Any) -> None:
    results.put(a_few(*arguments))


class MemoryWatch:
    """MB that groups of processes hold, looked at `times` times in so many minutes.

    Attributes
    ----------
    seen : dict of str to list of float
        Mean resident memory of the processes of each group, oldest first.
    """

    def __init__(self, minutes: float, times: int = 20) -> None:
        self.seen: dict[str, list[float]] = defaultdict(list)
        self._groups: dict[str, list[psutil.Process]] = {}
        self._every, self._times = minutes * 60 / times, times

    def watch(self, name: str, *pids: int | None) -> None:
        """Add a group of processes."""
        self._groups[name] = [psutil.Process(pid) for pid in pids if pid is not None]

    def run(self) -> None:
        """Look, until the time is over."""
        for _ in range(self._times):
            time.sleep(self._every * 0.98)  # the last look while all are still at work
            for name, processes in self._groups.items():
                alive = [each for each in processes if each.is_running()]
                if alive:
                    held = [each.memory_info().rss / 1e6 for each in alive]
                    self.seen[name].append(float(np.mean(held)))


def team(path: Path, annotators: int, minutes: float, pause: float, memory: MemoryWatch) -> Diary:
    """Have all annotators work, some in each of several processes."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    names = [f"annotator {number}" for number in range(annotators)]
    shares = [names[start : start + THREADS] for start in range(0, annotators, THREADS)]
    processes = [
        context.Process(target=_in_a_process, args=(results, path, share, minutes, pause)) for share in shares
    ]
    for process in processes:
        process.start()
    memory.watch("a process of clients", *(process.pid for process in processes))
    memory.run()
    together = Diary()
    for _ in processes:
        together.add(results.get(timeout=600))
    for process in processes:
        process.join()
    return together


def twice_in_hand(held: list[tuple[int, float, float, str]]) -> list[str]:
    """Find the photos that two had at a time."""
    wrong = []
    by_photo: dict[int, list[tuple[float, float, str]]] = defaultdict(list)
    for photo, since, until, who in held:
        by_photo[photo].append((since, until, who))
    for photo, times in by_photo.items():
        times.sort()
        for before, after in pairwise(times):
            if after[0] < before[1]:
                wrong.append(f"photo {photo} was with {before[2]} and {after[2]} at once")
    return wrong


def lost(path: Path, diary: Diary) -> list[str]:
    """Find what was acknowledged as saved and is not there, or is another, or is not the current one."""
    wrong = []
    with Project.open(path) as project:
        for revision, photo, wanted in diary.saved:
            labels, _ = project.masks.read(project.masks.revision(revision))
            if digest(labels) != wanted:
                wrong.append(f"the mask {revision} of photo {photo} is another")
        for photo, (_, revision) in diary.last.items():
            head = project.masks.head(photo)
            if (None if head is None else head.id) != revision:
                wrong.append(f"photo {photo} ends with another mask than its last one")
    return wrong


def draw_photos(folder: Path, count: int) -> Path:
    """Small photos of one colour each."""
    folder.mkdir(parents=True)
    for index in range(count):
        colour = (index % 251, index * 7 % 251, index * 13 % 251)
        Image.new("RGB", (WIDTH, HEIGHT), colour).save(folder / f"{index:05}.jpg")
    return folder


@contextmanager
def trainer_beside(path: Path) -> Iterator[int]:
    """Run a real trainer, with no weights of this machine; yields its process id."""
    words = [sys.executable, "-P", "-m", "trainer", "trainer", str(path), "--device", "cpu"]
    log = path / "trainer.out.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            words, stdout=out, stderr=out, env={**os.environ, FOLDER_VARIABLE: os.devnull}
        )
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def measure(place: Path, options: argparse.Namespace, database: str | None) -> list[dict[str, Any]]:
    """Let the team work, and look for what went wrong."""
    path = place / "project"
    with Project.create(path, database_url=database) as project:
        project.registration.add_folder(draw_photos(place / "photos", options.photos))
    with (path / "skinseg.toml").open("a") as file:
        file.write(TINY_ROUNDS)
    memory = MemoryWatch(options.minutes)
    with ExitStack() as stack:
        if options.trainer:
            memory.watch("the trainer", stack.enter_context(trainer_beside(path)))
        diary = team(path, options.annotators, options.minutes, options.pause, memory)
    with Project.open(path) as project:
        models, counts = len(project.models.all()), project.photos.counts()
    twice, gone = twice_in_hand(diary.held), lost(path, diary)
    for line in [*twice, *gone][:20]:
        print(line)
    rows = [
        row(f"photos handed out to {options.annotators} annotators", len(diary.held), "", ""),
        row("masks saved", len(diary.saved), "", ""),
        row("photos done", counts.done, "", ""),
        row("models trained meanwhile", models, "", ""),
        row("photos in two hands at once", len(twice), "", "0"),
        row("annotations lost", len(gone), "", "0"),
    ]
    for what in ("claim", "save", "draft", "skip"):
        times = np.array(diary.seconds[what] or [np.nan]) * 1e3
        rows.append(row(f"{what}, median", float(np.median(times)), "ms", ""))
        rows.append(row(f"{what}, 95 %", float(np.percentile(times, 95)), "ms", ""))
    for name, seen in sorted(memory.seen.items()):
        for share in (0.1, 0.25, 0.5, 1.0):
            at = max(0, round(share * len(seen)) - 1)
            rows.append(row(f"memory of {name}, after {share:.0%} of the time", seen[at], "MB", "flat"))
    return rows


def main() -> int:
    """Measure, print and write."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--annotators", type=int, default=20)
    words.add_argument("--minutes", type=float, default=2.0)
    words.add_argument("--photos", type=int, default=6000)
    words.add_argument("--pause", type=float, default=1.0, help="seconds that a photo takes, on average")
    words.add_argument("--database", help="URL of a server; sqlite; by default a server of its own")
    words.add_argument("--trainer", action=argparse.BooleanOptionalAction, default=True)
    options = words.parse_args()
    place = Path(tempfile.mkdtemp(prefix="skinseg-team-"))
    try:
        with ExitStack() as stack:
            at = options.database
            if at != "sqlite":
                at = at or stack.enter_context(server()).url()
            url = None if at == "sqlite" else stack.enter_context(fresh_database(at))
            rows = measure(place, options, url)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    machine = {
        "cores": os.cpu_count(),
        "load": [round(value, 1) for value in os.getloadavg()],
        "system": platform.platform(),
        "database": "sqlite" if url is None else "postgresql",
    }
    for entry in rows:
        print(f"{entry['what']:60} {entry['value']:12,.1f} {entry['unit']:3} {entry['reach']}")
    print(" ".join(f"{key}={value}" for key, value in machine.items()))
    asked = {name: value for name, value in vars(options).items() if name != "database"}
    RESULTS.write_text(json.dumps({"machine": machine, **asked, "rows": rows}, indent=1) + "\n")
    return any(entry["reach"] == "0" and entry["value"] for entry in rows)


if __name__ == "__main__":
    sys.exit(main())
