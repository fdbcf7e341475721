"""Loop benchmark: saved mask to the first prediction that learnt from it, delay of commands, memory.

`python -m benchmarks.loop [--photos N] [--steps N]`: a real trainer on a project of synthetic photos.

The pure compute of a round is what the same round costs in a process that is warm and does nothing else
(`run_round` without a tick, same settings, same labels) plus one prediction. Where other programs share the
machine, `over_its_own_steps` (against nothing but the training steps of that round) is the steadier figure.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from trainer.project.project import Project
from trainer.settings.toml_file import load_settings
from trainer.synthetic.demo_project import make_demo

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = Path(__file__).parent / "results" / "loop.json"
QUICK = """
[training]
encoder = "resnet18"
long_side = 256
size = 128
batch = 4
steps_fast = {steps}
steps_full = {steps}
"""


def wait_for(what: Callable[[], Any], seconds: float = 600, poll: float = 0.005) -> Any:
    """Wait for the first true answer of `what`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := what():
            return answer
        time.sleep(poll)
    raise TimeoutError(f"nothing within {seconds} s")


def start(path: Path, device: str) -> subprocess.Popen[bytes]:
    """`skinseg trainer` as a process."""
    words = [sys.executable, "-P", "-m", "trainer", "trainer", str(path), "--device", device]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def resting(project: Project) -> bool:
    """Tell whether the trainer has nothing to do."""
    row = project.trainer.state()
    return row is not None and row.state == "resting" and row.age < 3


def save_truth(project: Project, photo_id: int, truth: Path) -> str:
    """Save a photo's true mask as painted; return the revision."""
    from PIL import Image

    stem = Path(project.photos.get(photo_id).relpath).stem
    mask = np.asarray(Image.open(truth / f"{stem}.png")).astype(np.uint8) + 1
    head = project.masks.head(photo_id)
    expected = head.id if head else None
    return project.masks.save(photo_id, mask, np.full_like(mask, 3), "benchmark", expected).id


def mask_to_prediction(project: Project, truth: Path, session: Any, times: int) -> list[tuple[float, float]]:
    """Seconds from a saved mask to a prediction by a model that learnt from it, each time from rest.

    With each, the seconds of bare training steps in the round that made it.
    """
    seconds = []
    unlabelled = project.photos.ids(split="train", labelled=False)
    asked = unlabelled[-1]
    for photo_id in unlabelled[:times]:
        wait_for(lambda: resting(project))
        project.queue.request_prediction(session.id, [asked])
        began = time.monotonic()
        save_truth(project, photo_id, truth)
        started = time.time()
        made = wait_for(lambda: (p := project.predictions.get(asked)) and p.created > started and p)  # noqa: B023
        taken = time.monotonic() - began
        card = json.loads((project.models.get(made.model_id).path / "model.json").read_text())
        seconds.append((taken, float(card["seconds"])))
    return seconds


def acknowledged_in(project: Project, times: int = 20) -> list[float]:
    """Milliseconds until a harmless command is acknowledged."""
    taken = []
    for _ in range(times):
        began = time.monotonic()
        number = project.trainer.send("resume", by="benchmark")
        wait_for(lambda: project.trainer.command(number).acknowledged, 30, 0.001)  # noqa: B023
        taken.append((time.monotonic() - began) * 1e3)
        time.sleep(0.13)
    return taken


def pure_compute(project: Project, device: str) -> float:
    """Seconds of one warm fast round and one prediction, with nothing else going on."""
    from trainer.inference.predictor import Predictor
    from trainer.training.round import run_round

    settings = load_settings(project.path / "skinseg.toml")
    if device == "cpu" and hasattr(os, "nice"):
        os.nice(10)  # as the trainer is, or whatever else runs here would slow only one of the two
    seconds = []
    for _ in range(2):  # the first one warms the caches
        began = time.monotonic()
        result = run_round(project, settings, lane="fast", recipe="supervised", init="scratch", device=device)
        predictor = Predictor(project.models.folder(result.model_id), device)
        predictor.predict(project.photos.read(project.photos.ids(limit=1)[0]))
        seconds.append(time.monotonic() - began)
    return seconds[-1]


def resident(process: subprocess.Popen[bytes]) -> float:
    """MB of memory the process holds."""
    return float(psutil.Process(process.pid).memory_info().rss / 1e6)


def grow_pool(project: Project, folder: Path, photos: Path, count: int) -> None:
    """Register `count` more photos: links to the ones there are."""
    folder.mkdir()
    sources = sorted(photos.glob("*.jpg"))
    for index in range(count):
        (folder / f"pool_{index:06}.jpg").hardlink_to(sources[index % len(sources)])
    project.registration.add_folder(folder)


def measure(photos: int, steps: int, times: int, device: str) -> dict[str, Any]:
    """Run it all in a temporary folder."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        demo = make_demo(Path(folder) / "demo", photos, labelled=8, long_side=512)
        toml = demo.project / "skinseg.toml"
        toml.write_text(toml.read_text() + QUICK.format(steps=steps))
        with Project.open(demo.project) as project:
            process = start(demo.project, device)
            try:
                wait_for(project.models.served)
                wait_for(lambda: resting(project))
                session = project.sessions.start("benchmark")
                idle = acknowledged_in(project)
                latencies = mask_to_prediction(project, demo.truth, session, times)
                wait_for(lambda: resting(project))
                project.trainer.send("train_now", by="benchmark")
                wait_for(lambda: (s := project.trainer.state()) is not None and s.state == "training")
                busy = acknowledged_in(project)
                wait_for(lambda: resting(project))
                before = resident(process)
                grow_pool(project, Path(folder) / "pool", demo.photos, 10 * photos)
                project.trainer.send("train_now", by="benchmark")
                time.sleep(2)
                wait_for(lambda: resting(project))
                after = resident(process)
            finally:
                process.terminate()
                process.wait()
            pure = pure_compute(project, device)
    return {
        "mask_to_prediction_seconds": round(statistics.median(taken for taken, _ in latencies), 2),
        "pure_compute_seconds": round(pure, 2),
        "over_pure_compute": round(statistics.median(taken for taken, _ in latencies) / pure, 2),
        "over_its_own_steps": round(statistics.median(taken / steps for taken, steps in latencies), 2),
        "acknowledged_idle_ms": round(statistics.median(idle), 1),
        "acknowledged_training_ms": round(statistics.median(busy), 1),
        "acknowledged_training_worst_ms": round(max(busy), 1),
        "memory_mb": round(before),
        "memory_mb_pool_10x": round(after),
    }


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, default=RESULTS)
    given = parser.parse_args(arguments)
    found = measure(given.photos, given.steps, given.times, given.device)
    for name, value in found.items():
        print(f"{name:34} {value}")
    asked = {key: value for key, value in vars(given).items() if key != "json"}
    machine = {
        "cores": psutil.cpu_count(),
        "python": platform.python_version(),
        "load": psutil.getloadavg()[1],
    }
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps({**found, "given": asked, "machine": machine}, indent=2, default=str))
    return found


if __name__ == "__main__":
    main()
