"""Opening the window: seconds from the command to the first thing, and to the first photo, on the screen.

`python -m benchmarks.opening [--before CHECKOUT] [--runs N]`, on a display of its own
(`xvfb-run -a -s "-screen 0 1920x1080x24"`): the screen is looked at from outside, so nothing is on trust.
With another checkout both are run in turns, because a shared machine is not equally fast at all times. The
photo is of 12 megapixels.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageGrab

from trainer.project.project import Project

HERE = Path(__file__).parents[1]
SHAPE = (3000, 4000)
COLOUR = (250, 60, 170)
"""Of the photo: nothing else on the screen is of it."""
NEAR, SHARE = 60, 0.02
"""Of a pixel that counts as the photo's, of 255; share of such pixels on the screen."""
PATIENCE = 120.0


def make_project(folder: Path) -> Path:
    """Make a project of three photos of one colour with some grain, 12 MP each."""
    (folder / "photos").mkdir()
    for number in range(3):
        grain = np.random.default_rng(number).integers(-20, 20, (*SHAPE, 1), dtype=np.int16)
        picture = np.clip(np.array(COLOUR, np.int16) + grain, 0, 255).astype(np.uint8)
        Image.fromarray(picture).save(folder / "photos" / f"photo_{number}.jpg", quality=92)
    with Project.create(folder / "project") as project:
        project.registration.add_folder(folder / "photos")
        return project.path


def look() -> tuple[bool, bool]:
    """Tell whether anything, and whether the photo, is on the screen."""
    screen = np.asarray(ImageGrab.grab(xdisplay=os.environ["DISPLAY"]))[::4, ::4, :3].astype(np.int16)
    photo = (np.abs(screen - COLOUR).max(axis=-1) < NEAR).mean() > SHARE
    return bool(screen.any()), bool(photo)


def open_once(checkout: Path, project: Path) -> tuple[float, float]:
    """Open the window from a checkout; return the seconds to the first thing and to the photo."""
    words = [sys.executable, "-P", "-m", "napari_skinseg", "annotate", str(project), "--annotator", "clock"]
    surroundings = {**os.environ, "PYTHONPATH": str(checkout), "SKINSEG_WINDOW": os.devnull}
    began, something = time.monotonic(), float("nan")
    process = subprocess.Popen(words, cwd=checkout, env=surroundings, stderr=subprocess.DEVNULL)
    try:
        while time.monotonic() - began < PATIENCE:
            anything, photo = look()
            now = time.monotonic() - began
            something = now if anything and something != something else something
            if photo:
                return something, now
            time.sleep(0.05)
        return something, float("nan")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        time.sleep(1.0)


def main() -> None:
    """Open the window again and again, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="another checkout, run in turns")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    checkouts = {"now": HERE, **({"before": options.before.resolve()} if options.before else {})}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in checkouts}
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder))
        for _ in range(options.runs):
            for name, checkout in checkouts.items():
                times[name].append(open_once(checkout, project))
                print(name, "something {:.1f} s, photo {:.1f} s".format(*times[name][-1]), flush=True)
    for name, runs in times.items():
        middle = [statistics.median(run[place] for run in runs) for place in (0, 1)]
        load = os.getloadavg()[0]
        print(f"median {name}: something {middle[0]:.1f} s, photo {middle[1]:.1f} s; load {load:.1f}")


if __name__ == "__main__":
    main()
