"""Measure the store: registering, opening, handing out and saving at the size of the whole collection.

Run:  python -m benchmarks.store [--photos 330000] [--claims 200] [--saves 30] [--rows 3300000]

Prints a table and writes benchmarks/results/store.json. The photos are empty files: registering opens none.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy
import zarr
from PIL import Image

from trainer.cli.files import status
from trainer.project.photos.registrar import Registrar
from trainer.project.project import Project
from trainer.project.queue.search import PhotoFilter

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

RESULTS = Path(__file__).parent / "results" / "store.json"
ANNOTATORS = 5
Row = dict[str, Any]


def main() -> None:
    """Run all measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--photos", type=int, default=330_000)
    parser.add_argument("--claims", type=int, default=200, help="per annotator")
    parser.add_argument("--saves", type=int, default=30)
    parser.add_argument("--rows", type=int, default=3_300_000, help="of a catalog without files; 0: none")
    parser.add_argument("--database", help="a PostgreSQL URL; SQLite by default")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder by default")
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="skinseg-bench-", dir=options.folder))
    try:
        rows = []
        if options.photos:
            rows += measure(place, options.photos, options.claims, options.saves, options.database)
        if options.rows:
            rows += asking(place / "many", options.rows, options.database)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    report(rows, options)


def measure(place: Path, photos: int, claims: int, saves: int, database: str | None) -> list[Row]:
    """All measurements, in the order in which a project lives."""
    folder = empty_photos(place / "photos", photos)
    project = Project.create(place / "project", database_url=database)
    rows = registering(project, folder, photos)
    project.close()
    rows += opening(place / "project")
    for ranked in (False, True):
        rows += claiming(place / "project", claims, ranked)
    rows += saving(place / "project", place / "large", saves)
    return rows


def empty_photos(folder: Path, count: int) -> Path:
    """Folders of 1,000 empty files each."""
    for start in range(0, count, 1000):
        inside = folder / f"{start // 1000:04}"
        inside.mkdir(parents=True)
        for index in range(start, min(count, start + 1000)):
            os.close(os.open(inside / f"photo_{index:06}.jpg", os.O_CREAT | os.O_WRONLY))
    return folder


def registering(project: Project, folder: Path, photos: int) -> list[Row]:
    """Time and memory of the first and of a second scan."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    added = project.registration.add_folder(folder)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert added.new == photos
    again = project.registration.add_folder(folder)
    assert again.known == photos
    return [
        row(f"register {photos:,} photos", added.seconds, "s", "< 30"),
        row("memory while registering", grown, "MB", "flat"),
        row("scan them again", again.seconds, "s", ""),
    ]


def opening(path: Path) -> list[Row]:
    """Time to open a project, and to count what is in it."""
    opened, counted = [], []
    for _ in range(5):
        start = time.perf_counter()
        with Project.open(path) as project:
            opened.append(time.perf_counter() - start)
            start = time.perf_counter()
            project.photos.counts()
            counted.append(time.perf_counter() - start)
    return [
        row("open the project", statistics.median(opened), "s", "< 1"),
        row("count photos by state", statistics.median(counted) * 1e3, "ms", ""),
    ]


def asking(path: Path, photos: int, database: str | None) -> list[Row]:
    """Time of what the window and `status` ask for all day, in a catalog of very many photos."""
    with Project.create(path, database_url=database) as project:
        registrar = Registrar(project, 1, "", lambda name: None, {})
        start = time.perf_counter()
        for first in range(0, photos, 4000):
            registrar.add([f"{at // 1000:04}/{at:07}.jpg" for at in range(first, min(photos, first + 4000))])
        taken = time.perf_counter() - start
        session = project.sessions.start("ann")
        project.queue.claim_next(session.id)
        asked = {
            "counts": project.photos.counts,
            "the head of the queue, 12 photos": lambda: project.queue.head(12),
            "claim the next": lambda: project.queue.claim_next(session.id),
            "all that status says": lambda: status(str(path)),
            "a page of all photos": lambda: project.search.page(PhotoFilter()),
            "a page of a search by name": lambda: project.search.page(PhotoFilter(text="7/00")),
            "a page of a search for what is rare": lambda: project.search.page(PhotoFilter(text="99999.jpg")),
            "a page by rank": lambda: project.search.page(PhotoFilter(by_rank=True)),
        }
        rows = [row(f"{photos:,} rows, registered without files", taken, "s", "")]
        for what, ask in asked.items():
            seconds = []
            for _ in range(9):
                start = time.perf_counter()
                ask()
                seconds.append(time.perf_counter() - start)
            rows.append(row(f"{photos:,} rows, {what}", statistics.median(seconds) * 1e3, "ms", "< 50"))
    return rows


def claiming(path: Path, claims: int, ranked: bool) -> list[Row]:
    """Time to get the next photo with five annotators and a trainer writing."""
    context = multiprocessing.get_context("spawn")
    if ranked:
        with Project.open(path) as project:
            random = np.random.default_rng(0)
            ids = project.photos.ids("train")
            start = time.perf_counter()
            project.predictions.set_scores(
                "0001", zip(ids, random.random(len(ids)), ["unsure"] * len(ids), strict=True)
            )
            scored = time.perf_counter() - start
    stop, results = context.Event(), context.Queue()
    writer = context.Process(target=write_like_a_trainer, args=(path, stop, ranked))
    writer.start()
    annotators = [
        context.Process(target=claim_like_an_annotator, args=(path, f"annotator {index}", claims, results))
        for index in range(ANNOTATORS)
    ]
    for process in annotators:
        process.start()
    answers = [results.get(timeout=600) for _ in annotators]
    stop.set()
    for process in (*annotators, writer):
        process.join()
    got = [photo_id for photo_ids, _ in answers for photo_id in photo_ids]
    assert len(set(got)) == len(got) == claims * ANNOTATORS, "a photo was handed out twice"
    seconds = np.array([second for _, seconds in answers for second in seconds]) * 1e3
    how = "ranked" if ranked else "first photos"
    rows = [
        row(f"claim next, {how}, median", float(np.median(seconds)), "ms", "< 5"),
        row(f"claim next, {how}, 95 %", float(np.percentile(seconds, 95)), "ms", ""),
    ]
    return [row(f"score {len(ids):,} photos", scored, "s", ""), *rows] if ranked else rows


def claim_like_an_annotator(path: Path, name: str, claims: int, results: Any) -> None:
    """Claim, prolong and give photos back, with a short pause between as if somebody worked."""
    with Project.open(path) as project:
        session = project.sessions.start(name)
        got: list[int] = []
        seconds: list[float] = []
        for _ in range(claims):
            start = time.perf_counter()
            claim = project.queue.claim_next(session.id)
            seconds.append(time.perf_counter() - start)
            assert claim is not None
            got.append(claim.photo_id)
            project.queue.extend(session.id, got[-3:])
            time.sleep(0.02)
    results.put((got, seconds))


def write_like_a_trainer(path: Path, stop: Event, scores: bool) -> None:
    """Heartbeats, curves and, once there is a model, scores, as a trainer writes them."""
    with Project.open(path) as project:
        ids = project.photos.ids("train", limit=2000)
        step = 0
        while not stop.is_set():
            project.trainer.write_state(state="training", step=step)
            project.trainer.log_curve("bench", step, {"loss": 1.0, "dice": 0.5})
            if scores and step % 20 == 0:
                project.predictions.set_scores("0001", [(photo_id, 0.0, "unsure") for photo_id in ids])
            step += 1
            time.sleep(0.02)


def saving(path: Path, folder: Path, saves: int) -> list[Row]:
    """Time of a durable save, and of reading it back, of a 12-megapixel mask with a person's shapes."""
    folder.mkdir()
    Image.new("RGB", (4000, 3000)).save(folder / "large.jpg", quality=30)
    labels = painted(3000, 4000)
    provenance = np.where(labels > 1, np.uint8(3), np.uint8(2))
    with Project.open(path) as project:
        project.registration.add_folder(folder)
        photo_id = project.photos.find("large").id
        head = project.masks.save(photo_id, labels, provenance, "ann", None)
        saved, read, drafts = [], [], []
        for _ in range(saves):
            start = time.perf_counter()
            head = project.masks.save(photo_id, labels, provenance, "ann", head.id)
            saved.append(time.perf_counter() - start)
            start = time.perf_counter()
            again, _ = project.masks.read(head)
            read.append(time.perf_counter() - start)
            assert np.array_equal(again, labels)
            start = time.perf_counter()
            project.drafts.save(photo_id, "ann", labels, provenance, head.id)
            drafts.append(time.perf_counter() - start)
    return [
        row("save a 12 MP mask, durable, median", statistics.median(saved) * 1e3, "ms", "< 60"),
        row("save a 12 MP mask, durable, 95 %", float(np.percentile(saved, 95)) * 1e3, "ms", ""),
        row("save a 12 MP draft, median", statistics.median(drafts) * 1e3, "ms", ""),
        row("read a 12 MP mask, median", statistics.median(read) * 1e3, "ms", ""),
    ]


def painted(height: int, width: int) -> np.ndarray:
    """Ellipses of all classes with ragged edges, as painted by hand."""
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    labels = np.ones((height, width), np.uint8)
    for value in range(2, 10):
        middle, axes = random.uniform(0.2, 0.8, 2), random.uniform(0.05, 0.25, 2)
        wave = 1 + 0.05 * np.sin(rows / 9 + value) * np.sin(columns / 7)
        distance = ((rows / height - middle[0]) / axes[0]) ** 2 + (
            (columns / width - middle[1]) / axes[1]
        ) ** 2
        labels[distance < wave] = value
    return labels


def row(what: str, value: float, unit: str, reach: str) -> Row:
    """One line of the table."""
    return {"what": what, "value": round(value, 3), "unit": unit, "reach": reach}


def report(rows: list[Row], options: argparse.Namespace) -> None:
    """Print the table and write the JSON."""
    machine = {
        "cores": os.cpu_count(),
        "load": [round(value, 1) for value in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "sqlalchemy": sqlalchemy.__version__,
        "zarr": zarr.__version__,
        "database": "postgresql" if options.database else "sqlite",
    }
    print(f"{'what':52} {'measured':>12}     to reach", file=sys.stdout)
    for entry in rows:
        print(f"{entry['what']:52} {entry['value']:12,.2f} {entry['unit']:3} {entry['reach']}")
    print(" ".join(f"{key}={value}" for key, value in machine.items()))
    RESULTS.parent.mkdir(exist_ok=True)
    target = RESULTS.with_name("store-postgresql.json") if options.database else RESULTS
    target.write_text(
        json.dumps({"machine": machine, "photos": options.photos, "rows": rows}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
