"""Projects from the window: open, make, add photos, the demo. No Qt: the slow ones run in a worker thread."""

from __future__ import annotations

import getpass
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainer.errors import ReadOnlyError, SkinsegError
from trainer.networks.published.process import fetched_meanwhile
from trainer.networks.published.registry import MOBILESAM
from trainer.project.project import Project

Made = tuple[str, str]
"""Path of a project, and a remark for people; without a path the remark says what went wrong."""

DEMO = Path.home() / "skinseg-demo"
DEMO_PHOTOS = 48


def open_project(path: Path) -> Project:
    """Open a project, or only for reading where it cannot be written.

    Raises
    ------
    SkinsegError
        If it is no project or cannot be opened.
    """
    try:
        return Project.open(path)
    except ReadOnlyError:
        return Project.open(path, read_only=True)


def annotator_name() -> str:
    """The name in napari's preferences, else the login name."""
    if name := str(getattr(_preferences(), "annotator", "") or ""):
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "annotator"


def remember(path: Path) -> None:
    """Keep the project as the last one in napari's preferences."""
    preferences = _preferences()
    if preferences is not None:
        preferences.last_project = str(path)


def last_project() -> str:
    """The project folder that was open last and is still there, or an empty string."""
    path = str(getattr(_preferences(), "last_project", "") or "")
    return path if path and Path(path).is_dir() else ""


def wants_trainer() -> bool:
    """Whether napari's preferences ask for the trainer to start with the workspace."""
    return bool(getattr(_preferences(), "start_trainer", False))


def _preferences() -> Any:
    """Our section of napari's preferences, or None where napari is older or the plugin is not installed."""
    try:
        from napari.settings import get_plugin_settings

        return get_plugin_settings("napari-skinseg").window
    except (ImportError, KeyError, AttributeError):
        return None


def attempt(act: Callable[..., Made], *given: Any) -> Made:
    """Call `act` and return its path and remark, or an empty path and what went wrong.

    A worker of napari that raises takes its window's task list into trouble on some Qt bindings.
    """
    try:
        return act(*given)
    except (SkinsegError, OSError) as error:
        return "", str(error)


def new(photos: str, folder: str, classes: str) -> Made:
    """Make a project for a folder of photos. Nothing is left behind if there are none.

    Raises
    ------
    SkinsegError
        If there are no photos, or the folder cannot become a project.
    """
    path = Path(folder)
    fresh = not path.exists() or not any(path.iterdir())
    with Project.create(path, classes=classes) as project:
        try:
            if project.registration.add_folder(Path(photos)).new == 0:
                raise SkinsegError(
                    f"no photos in {photos}: choose a folder with JPEG, PNG, TIFF, WebP or BMP files"
                )
        except BaseException:
            project.close()
            if fresh:  # a project without photos would only stand in the way of the next try
                shutil.rmtree(path, ignore_errors=True)
            raise
    return folder, ""


def add(project: Path, folder: str) -> Made:
    """Register more photos."""
    with Project.open(project) as opened:
        opened.registration.add_folder(Path(folder))
    return str(project), ""


def demo(folder: Path = DEMO) -> Made:
    """Draw the demo's people and make its project, or take the one that is there.

    Meanwhile MobileSAM's weights are fetched, unless they are at hand; the remark says where that failed.
    """
    from trainer.synthetic.demo_project import make_demo

    said: list[str] = []
    with fetched_meanwhile(MOBILESAM, said.append):
        path = str(make_demo(folder, DEMO_PHOTOS).project)
    return path, said[1] if len(said) > 1 else ""
