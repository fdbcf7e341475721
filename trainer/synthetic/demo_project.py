"""The demo: a project of synthetic photos, partly labelled, so that a model comes while one looks around."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.errors import ProjectError
from trainer.project.import_export.mask_import import import_masks
from trainer.project.project import Project
from trainer.settings.toml_file import save_settings

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 7
LONG_SIDE = 640
"""Small enough that two cores train on them while one annotates."""


@dataclass(frozen=True)
class Demo:
    """Paths of the demo project."""

    project: Path
    photos: Path
    truth: Path
    """PNG masks of all photos, pixel = class index: what the simulated annotator knows."""


def make_demo(
    path: Path,
    photos: int = 48,
    labelled: int = 0,
    steps_fast: int | None = None,
    progress: Callable[[int], None] | None = None,
    long_side: int = LONG_SIDE,
    seed: int = SEED,
) -> Demo:
    """Make a project of rendered photos; one that is there already is taken up as it is.

    The validation photos get their masks, so that models can be compared from the first one on.

    Parameters
    ----------
    photos : int
        How many to render.
    labelled : int
        How many train photos get their masks too; the others wait for an annotator.
    steps_fast : int, optional
        Steps of a fast round of its trainer, where the device's default is not wanted.
    progress : callable, optional
        Called with the number of photos rendered so far.

    Raises
    ------
    ProjectError
        If the folder holds something else.
    """
    demo = Demo(path, path / "sample" / "photos", path / "sample" / "masks")
    if is_demo(path):
        return demo
    from trainer.synthetic.photos import render_photos

    try:
        with Project.create(path, classes="skin9") as project:
            render_photos(path / "sample", photos, seed, long_side, progress, splits=True)
            if steps_fast is not None:
                training = project.settings.training.model_copy(update={"steps_fast": steps_fast})
                settings = project.settings.model_copy(update={"training": training})
                save_settings(path / "skinseg.toml", settings)
            project.registration.add_folder(demo.photos, groups=path / "sample" / "groups.csv")
            _give_masks(project, demo.truth, labelled)
    except BaseException:  # half a demo would be taken for a whole one the next time
        shutil.rmtree(path, ignore_errors=True)
        raise
    return demo


def is_demo(path: Path) -> bool:
    """Tell whether the demo is in a folder already, which else must be free for it.

    Raises
    ------
    ProjectError
        If the folder holds something else.
    """
    if (path / "skinseg.toml").exists():
        if not (path / "sample" / "masks").is_dir():
            raise ProjectError(f"{path} is a project of its own, not the demo: name another folder")
        return True
    if path.exists() and any(path.iterdir()):
        raise ProjectError(f"{path} is not empty and not the demo: name another folder")
    return False


def headless_command(path: Path, photos: int) -> list[str]:
    """Return the command of the loop with a simulated annotator, on a virtual display where there is none.

    Raises
    ------
    ProjectError
        If there is no display and no program to make a virtual one.
    """
    words = [
        sys.executable,
        "-P",
        "-m",
        "napari_skinseg",
        "headless-demo",
        str(path),
        "--photos",
        str(photos),
    ]
    if sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return words
    if shutil.which("xvfb-run") is None:
        raise ProjectError("no display, and no xvfb-run to make one: install the package xvfb")
    return ["xvfb-run", "-a", "-s", "-screen 0 1920x1080x24", *words]


def _give_masks(project: Project, truth: Path, labelled: int) -> None:
    """Import the truth of the validation photos and of the first `labelled` train photos."""
    chosen = [*project.photos.ids(split="val"), *project.photos.ids(split="train")[:labelled]]
    with tempfile.TemporaryDirectory() as folder:
        for photo_id in chosen:
            name = f"{Path(project.photos.get(photo_id).relpath).stem}.png"
            shutil.copyfile(truth / name, Path(folder) / name)
        import_masks(project, Path(folder), "png", "demo")
